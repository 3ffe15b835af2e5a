#include <fstream>
#include <optional>

#include "labrelay/sqlite/database.hpp"
#include "labrelay/targets/sql_target.hpp"
#include "labrelay/targets/study_reader.hpp"
#include "target_bench.hpp"
#include "temporary_directory.hpp"

namespace labrelay::targets {
namespace {

namespace fs = std::filesystem;

class Counted final : public delivery::Target {
public:
    explicit Counted(SqlTargetSettings settings) : target_(std::move(settings), {}) {}
    const std::string& name() const override { return target_.name(); }
    delivery::TargetAnswer deliver(const std::vector<delivery::Delivery>& deliveries) override {
        ++writes;
        delivery::TargetAnswer answer = target_.deliver(deliveries);
        if (loses_answer) {
            loses_answer = false;
            throw std::runtime_error("ended after the commit");
        }
        return answer;
    }
    int writes = 0;
    bool loses_answer = false;

private:
    SqlTarget target_;
};

/// What a server refuses has no meaning for a file: a lock is another program's, lost rights are a
/// file that is none of ours, a ban is a disk that is not there.
class SqliteBench final : public TargetBench {
public:
    SqliteBench() : file_(directory_.path() / "disk" / "study.db") {
        fs::create_directory(file_.parent_path());
        SqlTargetSettings settings;
        settings.place.path = file_;
        settings.place.busy_timeout = std::chrono::milliseconds{1};
        target_.emplace(settings);
    }

    delivery::Target& target() override { return *target_; }

    void begin(Trouble trouble) override {
        switch (trouble) {
            case Trouble::locked:
            case Trouble::timeout_before:
                // Made by us, so that there is something to lock.
                open();
                other_->execute("CREATE TABLE IF NOT EXISTS other(x)");
                other_->execute("BEGIN IMMEDIATE");
                break;
            case Trouble::edited:
                open();
                other_->execute("UPDATE lab_result SET value_num = '500'");
                other_.reset();
                break;
            case Trouble::bad_value:
                open();
                other_->execute(
                    "CREATE TRIGGER refuse BEFORE UPDATE ON lab_result BEGIN "
                    "SELECT raise(ABORT, 'out of range'); END");
                other_.reset();
                break;
            case Trouble::rights_lost:
                std::ofstream(file_) << "this is no database, and has no header of one at all";
                break;
            case Trouble::banned:
                fs::remove(file_.parent_path());
                break;
            case Trouble::timeout_after:
                target_->loses_answer = true;
                break;
            case Trouble::none:
            case Trouble::unknown_subject:
            case Trouble::unknown_visit:
            case Trouble::unknown_item:
                break;
        }
    }

    void mend(Trouble trouble) override {
        if (other_) {
            other_->execute("ROLLBACK");
            other_.reset();
        }
        if (trouble == Trouble::bad_value) {
            open();
            other_->execute("DROP TRIGGER refuse");
            other_.reset();
        }
        if (trouble == Trouble::rights_lost) {
            fs::remove(file_);
        }
        fs::create_directory(file_.parent_path());
    }

    std::string stands() override {
        if (!is_ours()) {
            return {};
        }
        const auto rows = StudyReader::open(file_).value().results();
        if (!rows || rows->empty()) {
            return {};
        }
        return rows->front().value_num.empty() ? rows->front().result_state
                                               : rows->front().value_num;
    }
    std::size_t results() override {
        if (!is_ours()) {
            return 0;
        }
        const auto rows = StudyReader::open(file_).value().results();
        return rows ? rows->size() : 0;
    }
    int writes() override { return target_->writes; }

private:
    void open() { other_.emplace(sqlite::Database::open(file_, sqlite::OpenMode::create)); }
    bool is_ours() const {
        if (!fs::exists(file_)) {
            return false;
        }
        std::ifstream stream(file_, std::ios::binary);
        std::string head(6, '\0');
        stream.read(head.data(), 6);
        return head == "SQLite";
    }

    test::TemporaryDirectory directory_;
    fs::path file_;
    std::optional<Counted> target_;
    std::optional<sqlite::Database> other_;
};

}  // namespace

std::unique_ptr<TargetBench> sqlite_bench() {
    return std::make_unique<SqliteBench>();
}

}  // namespace labrelay::targets
