#include "labrelay/store/store_copy.hpp"

#include <numeric>

#include "labrelay/store/ledger_query.hpp"
#include "labrelay/store/message_query.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using testing::StoreItem;

/// A store on SQLite that is moved to the tests' PostgreSQL.
class StoreCopyTest : public ::testing::Test {
protected:
    void SetUp() override {
        if (test::postgres_server().empty()) GTEST_SKIP() << "no PostgreSQL here";
        postgres_.emplace();
        open();
        for (std::int64_t n = 1; n <= 30; ++n) {
            StoreItem item(n, "A" + std::to_string(n));
            item.stored(n).stored(n + 100).held(Code::unknown_code);
            item.awaiting("specimen:QILU-ACC:" + std::to_string(n));
            commit(item);
        }
    }
    void open() {
        directory_.emplace(
            DataDirectory::open(temporary_.path() / "data", DataDirectory::Use::write).value());
        WriterOptions options;
        options.targets = {"study"};
        writer_ = StoreWriter::open(*directory_, clock_, options).value();
        store_ = std::make_unique<SqlCommitStore>(*writer_);
    }
    void close() {
        store_.reset();
        writer_.reset();
    }
    void commit(const StoreItem& item) {
        store_->begin();
        store_->write(item.item());
        store_->commit();
    }
    std::string described(std::int64_t id) {
        ReadSession session = ReadSession::open(*directory_).value();
        const auto detail = message(session, MessageId{id});
        if (!detail) return "not there";
        std::string text = detail->control_id + detail->sha256 + detail->bytes.value_or("");
        for (const ObservationLine& line : detail->observations)
            text += line.version.value.value_text + line.place.text + line.code;
        return text;
    }

    std::optional<test::PostgresDatabase> postgres_;
    test::TemporaryDirectory temporary_;
    testing::FixedClock clock_;
    std::optional<DataDirectory> directory_;
    std::unique_ptr<StoreWriter> writer_;
    std::unique_ptr<SqlCommitStore> store_;
};

TEST_F(StoreCopyTest, EverythingIsThereAndGoesOnThere) {
    const std::string before = described(7);
    close();
    const auto copied = copy_store(*directory_, postgres_->url(), clock_.now());
    ASSERT_TRUE(copied) << describe(copied.error());
    const std::int64_t rows = std::accumulate(
        copied->begin(), copied->end(), std::int64_t{0},
        [](std::int64_t sum, const CopiedTable& table) { return sum + table.rows; });
    EXPECT_GT(rows, 30 * 7);
    EXPECT_FALSE(std::filesystem::exists(directory_->store_file()));
    EXPECT_EQ(described(7), before);

    directory_.reset();
    open();
    EXPECT_TRUE(directory_->place().shared());
    EXPECT_EQ(store_->last_message_id(), MessageId{30});
    StoreItem next(31, "A31");
    next.stored(31);
    next.proposal.observations[0].laboratory = "A TEXT THAT IS NEW";
    commit(next);
    ReadSession session = ReadSession::open(*directory_).value();
    for (const LedgerRow& row : ledger(session, {})) EXPECT_TRUE(row.balanced());
}

TEST_F(StoreCopyTest, NothingIsCopiedOverAStoreThatIsInUse) {
    close();
    ASSERT_TRUE(copy_store(*directory_, postgres_->url(), clock_.now()));
    EXPECT_EQ(copy_store(*directory_, postgres_->url(), clock_.now()).error().code,
              Code::setting_bad)
        << "it is there already";
    directory_.reset();
    test::TemporaryDirectory another;
    {
        auto directory =
            DataDirectory::open(another.path() / "data", DataDirectory::Use::write).value();
        (void)StoreWriter::open(directory, clock_, {}).value();
        EXPECT_EQ(copy_store(directory, postgres_->url(), clock_.now()).error().code,
                  Code::setting_bad)
            << "messages of somebody else";
        EXPECT_TRUE(std::filesystem::exists(directory.store_file()));
    }
}

}  // namespace
}  // namespace labrelay::store
