// One table: what happens to a delivery, and what stands at the target, for everything that can be
// wrong, on every kind of target, through the real outbox and worker.
#include <gtest/gtest.h>

#include <ostream>

#include "labrelay/delivery/worker.hpp"
#include "labrelay/sqlite/database.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/sql_commit_store.hpp"
#include "labrelay/store/sql_outbox.hpp"
#include "labrelay/store/store_writer.hpp"
#include "store_items.hpp"
#include "target_bench.hpp"
#include "temporary_directory.hpp"

namespace labrelay::targets {
namespace {

using namespace std::chrono_literals;
using labrelay::testing::StoreItem;

enum class On : std::uint8_t { sqlite, redcap, rave };

/// What the study is told: a result for the first time, again, its correction, its withdrawal.
enum class News : std::uint8_t { first, duplicate, correction, withdrawal };

struct Cell {
    const char* name;
    On on;
    News news;
    Trouble trouble;
    const char* state;        ///< of the delivery after one round
    const char* stands;       ///< then at the target
    const char* state_after;  ///< once the trouble is over, and a person sent a rejected one again
    const char* stands_after;
    int writes;  ///< of this delivery, until the end
};

const char* name_of(On on) {
    switch (on) {
        case On::sqlite:
            return "sqlite";
        case On::redcap:
            return "redcap";
        case On::rave:
            return "rave";
    }
    return "";
}

std::unique_ptr<TargetBench> bench_on(On on, const Clock& clock) {
    switch (on) {
        case On::sqlite:
            return sqlite_bench();
        case On::redcap:
            return redcap_bench(clock);
        case On::rave:
            return rave_bench(clock);
    }
    return nullptr;
}

void PrintTo(const Cell& cell, std::ostream* out) {
    *out << name_of(cell.on) << " " << cell.name;
}

// 401.50 is the first value, 398 its correction, 500 what the site entered.
constexpr Cell kTable[] = {
    // SQLite: the study's own schema. It takes whatever comes, a repeat is harmless, nothing is
    // ever unknown; what it refuses is refused by its own rules.
    {"new", On::sqlite, News::first, Trouble::none, "delivered", "401.50", "delivered", "401.50",
     1},
    {"duplicate", On::sqlite, News::duplicate, Trouble::none, "delivered", "401.50", "delivered",
     "401.50", 1},
    {"correction", On::sqlite, News::correction, Trouble::none, "delivered", "398", "delivered",
     "398", 1},
    {"withdrawal", On::sqlite, News::withdrawal, Trouble::none, "delivered", "withdrawn",
     "delivered", "withdrawn", 1},
    {"locked", On::sqlite, News::correction, Trouble::locked, "ready", "401.50", "delivered", "398",
     2},
    // The study database is filled by labrelay alone: what somebody changed in it is put right.
    {"edited", On::sqlite, News::correction, Trouble::edited, "delivered", "398", "delivered",
     "398", 1},
    {"unknown subject", On::sqlite, News::first, Trouble::unknown_subject, "delivered", "401.50",
     "delivered", "401.50", 1},
    {"unknown visit", On::sqlite, News::first, Trouble::unknown_visit, "delivered", "401.50",
     "delivered", "401.50", 1},
    {"unknown item", On::sqlite, News::first, Trouble::unknown_item, "delivered", "401.50",
     "delivered", "401.50", 1},
    {"bad value", On::sqlite, News::correction, Trouble::bad_value, "rejected", "401.50",
     "delivered", "398", 3},
    {"rights lost", On::sqlite, News::first, Trouble::rights_lost, "ready", "", "delivered",
     "401.50", 2},
    {"banned", On::sqlite, News::first, Trouble::banned, "ready", "", "delivered", "401.50", 2},
    {"time-out before", On::sqlite, News::correction, Trouble::timeout_before, "ready", "401.50",
     "delivered", "398", 2},
    {"time-out after commit", On::sqlite, News::first, Trouble::timeout_after, "ready", "401.50",
     "delivered", "401.50", 2},

    // REDCap: the site works in it too. A lost answer is read back, an edited value is never
    // overwritten, what concerns labrelay itself burns no delivery.
    {"new", On::redcap, News::first, Trouble::none, "delivered", "401.50", "delivered", "401.50",
     1},
    {"duplicate", On::redcap, News::duplicate, Trouble::none, "delivered", "401.50", "delivered",
     "401.50", 0},
    {"correction", On::redcap, News::correction, Trouble::none, "delivered", "398", "delivered",
     "398", 1},
    {"withdrawal", On::redcap, News::withdrawal, Trouble::none, "delivered", "withdrawn",
     "delivered", "withdrawn", 1},
    {"locked", On::redcap, News::correction, Trouble::locked, "rejected", "401.50", "delivered",
     "398", 2},
    {"edited", On::redcap, News::correction, Trouble::edited, "rejected", "500", "delivered", "398",
     1},
    {"unknown subject", On::redcap, News::first, Trouble::unknown_subject, "rejected", "",
     "delivered", "401.50", 1},
    {"unknown visit", On::redcap, News::first, Trouble::unknown_visit, "rejected", "", "delivered",
     "401.50", 2},
    // The project changed under the map: that stops the target, the delivery waits.
    {"unknown item", On::redcap, News::first, Trouble::unknown_item, "ready", "", "delivered",
     "401.50", 1},
    {"bad value", On::redcap, News::first, Trouble::bad_value, "rejected", "", "delivered",
     "401.50", 2},
    {"rights lost", On::redcap, News::first, Trouble::rights_lost, "retry", "", "delivered",
     "401.50", 2},
    {"banned", On::redcap, News::first, Trouble::banned, "ready", "", "delivered", "401.50", 1},
    {"time-out before", On::redcap, News::first, Trouble::timeout_before, "unknown", "",
     "delivered", "401.50", 1},
    {"time-out after commit", On::redcap, News::first, Trouble::timeout_after, "unknown", "401.50",
     "delivered", "401.50", 1},

    // Rave: as REDCap, and it checks everything when a document is posted.
    {"new", On::rave, News::first, Trouble::none, "delivered", "401.50", "delivered", "401.50", 1},
    {"duplicate", On::rave, News::duplicate, Trouble::none, "delivered", "401.50", "delivered",
     "401.50", 0},
    {"correction", On::rave, News::correction, Trouble::none, "delivered", "398", "delivered",
     "398", 1},
    {"withdrawal", On::rave, News::withdrawal, Trouble::none, "delivered", "withdrawn", "delivered",
     "withdrawn", 1},
    {"locked", On::rave, News::correction, Trouble::locked, "rejected", "401.50", "delivered",
     "398", 2},
    {"edited", On::rave, News::correction, Trouble::edited, "rejected", "500", "delivered", "398",
     1},
    {"unknown subject", On::rave, News::first, Trouble::unknown_subject, "rejected", "",
     "delivered", "401.50", 2},
    {"unknown visit", On::rave, News::first, Trouble::unknown_visit, "rejected", "", "delivered",
     "401.50", 2},
    {"unknown item", On::rave, News::first, Trouble::unknown_item, "rejected", "", "delivered",
     "401.50", 2},
    {"bad value", On::rave, News::first, Trouble::bad_value, "rejected", "", "delivered", "401.50",
     2},
    {"rights lost", On::rave, News::first, Trouble::rights_lost, "retry", "", "delivered", "401.50",
     2},
    {"banned", On::rave, News::first, Trouble::banned, "ready", "", "delivered", "401.50", 1},
    {"time-out before", On::rave, News::first, Trouble::timeout_before, "unknown", "", "delivered",
     "401.50", 2},
    {"time-out after commit", On::rave, News::first, Trouble::timeout_after, "unknown", "401.50",
     "delivered", "401.50", 1},
};

class TargetTable : public ::testing::TestWithParam<Cell> {
protected:
    TargetTable()
        : directory_(store::DataDirectory::open(temporary_.path() / "data",
                                                store::DataDirectory::Use::write)
                         .value()),
          bench_(bench_on(GetParam().on, clock_)) {
        store::WriterOptions options;
        options.targets = {"study"};
        writer_ = store::StoreWriter::open(directory_, clock_, options).value();
        store_ = std::make_unique<store::SqlCommitStore>(*writer_);
        outbox_ = std::make_unique<store::SqlOutbox>(*writer_);
        store_->begin();
        const auto registry = store_->write_registry(
            {}, {{labrelay::testing::a_subject("S-004", "00481523")}, {}, "import"});
        store_->commit();
        subject_ = registry.subjects_by_number("S-004").front()->id;
        worker_ = std::make_unique<delivery::Worker>(
            *outbox_, bench_->target(), clock_, delivery::WorkerSettings{},
            [this](const delivery::WorkerTrouble& trouble) { troubles_.push_back(trouble); });
    }

    void commit_first() {
        first_.emplace(1, "A1");
        first_->stored(1, subject_);
        store_->begin();
        store_->write(first_->item());
        store_->commit();
    }

    /// What the laboratory says after the first value.
    void commit_next(News news) {
        study::Replacement again;
        again.changes = first_->outcome.changes;
        if (news == News::duplicate) {
            store_->begin();
            store_->write_placements(subject_, again);
            store_->commit();
            return;
        }
        StoreItem next(2, "A2");
        next.stored(1, subject_);
        study::ProposedObservation& observation = next.proposal.observations[0];
        observation.value.value_num = Decimal::parse("398");
        observation.value.value_text = "398";
        observation.status = study::ObservationStatus::corrected;
        if (news == News::withdrawal) {
            observation.value.state = units::ResultState::withdrawn;
            observation.value.value_num.reset();
            observation.status = study::ObservationStatus::withdrawn;
        }
        study::ResultRecord& after = next.outcome.changes[0].after;
        after.key = again.changes[0].after.key;
        after.versions = {again.changes[0].after.versions[0], version_of(next, observation)};
        after.current = 1;
        store_->begin();
        store_->write(next.item());
        store_->commit();
    }

    std::string newest(const char* column) {
        auto database =
            sqlite::Database::open(directory_.store_file(), sqlite::OpenMode::read_only);
        auto query = database.prepare(std::string("SELECT ") + column +
                                      " FROM outbox ORDER BY delivery_id DESC LIMIT 1");
        return query.step() ? query.text(0) : std::string();
    }

    test::TemporaryDirectory temporary_;
    MovingClock clock_;
    store::DataDirectory directory_;
    std::unique_ptr<TargetBench> bench_;
    std::unique_ptr<store::StoreWriter> writer_;
    std::unique_ptr<store::SqlCommitStore> store_;
    std::unique_ptr<store::SqlOutbox> outbox_;
    std::unique_ptr<delivery::Worker> worker_;
    std::vector<delivery::WorkerTrouble> troubles_;
    std::optional<StoreItem> first_;
    SubjectId subject_;
};

TEST_P(TargetTable, Cell) {
    const Cell& cell = GetParam();
    if (cell.news != News::first) {
        commit_first();
        ASSERT_TRUE(worker_->run_once());
        ASSERT_EQ(bench_->stands(), "401.50");
    }
    const int writes_before = bench_->writes();
    bench_->begin(cell.trouble);
    if (cell.news == News::first) {
        commit_first();
    } else {
        commit_next(cell.news);
    }
    worker_->run_once();
    EXPECT_EQ(newest("state"), cell.state) << newest("why");
    EXPECT_EQ(bench_->stands(), cell.stands);

    bench_->mend(cell.trouble);
    if (newest("state") == "rejected") {
        ASSERT_TRUE(outbox_->send_again(std::stoll(newest("delivery_id"))));
    }
    for (int round = 0; round < 5; ++round) {
        clock_.advance(1h);
        worker_->run_once();
    }
    EXPECT_EQ(newest("state"), cell.state_after) << newest("why");
    EXPECT_EQ(bench_->stands(), cell.stands_after);
    EXPECT_EQ(bench_->results(), 1U) << "one result, however often it was sent";
    EXPECT_EQ(bench_->writes() - writes_before, cell.writes);
    for (const delivery::WorkerTrouble& trouble : troubles_) {
        EXPECT_EQ(trouble.why.find("401.50"), std::string::npos) << trouble.why;
        EXPECT_EQ(trouble.why.find("S-004"), std::string::npos) << trouble.why;
    }
}

INSTANTIATE_TEST_SUITE_P(All, TargetTable, ::testing::ValuesIn(kTable), [](const auto& cell) {
    std::string name = std::string(name_of(cell.param.on)) + "_";
    for (const char c : std::string(cell.param.name)) {
        name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    }
    return name;
});

}  // namespace
}  // namespace labrelay::targets
