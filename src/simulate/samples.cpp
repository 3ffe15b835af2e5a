#include "labrelay/simulate/samples.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "registry_files.hpp"
#include "story.hpp"
#include "truth.hpp"

namespace labrelay::simulate {
namespace {

namespace fs = std::filesystem;

/// Each laboratory counts its own messages, in the order in which they were first sent.
std::vector<std::string> number_messages(const Story& story) {
    std::vector<std::string> ids(story.reports.size());
    std::map<Laboratory, std::size_t> last;
    for (const Step& step : story.steps) {
        if (step.kind == Step::Kind::send && ids[step.index].empty()) {
            const Report& report = story.reports[step.index];
            ids[step.index] = report.control_id_of
                                  ? ids[*report.control_id_of]
                                  : control_id(report.laboratory, ++last[report.laboratory]);
        }
    }
    return ids;
}

/// The directory being written; the first failure stays.
class Directory {
public:
    explicit Directory(fs::path root) : root_(std::move(root)) {}

    void write(const std::string& name, const std::string& bytes) {
        std::error_code error;
        fs::create_directories((root_ / name).parent_path(), error);
        std::ofstream file(root_ / name, std::ios::binary | std::ios::trunc);
        file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        file.close();
        if (!file && failed_.empty()) {
            failed_ = name;
        }
    }
    const std::string& failed() const { return failed_; }

private:
    fs::path root_;
    std::string failed_;
};

std::string truth_file(const std::vector<TruthRow>& rows) {
    std::string out =
        "control_id,observation,disposition,reason,study,subject,visit,role,analyte,comparator,"
        "value_num,unit,result_state,status\n";
    for (const TruthRow& row : rows) {
        out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", row.control_id,
                           row.observation, row.disposition, row.reason, row.study, row.subject,
                           row.visit, row.role, row.analyte, row.comparator, row.value_num,
                           row.unit, row.result_state, row.status);
    }
    return out;
}

/// Writes the files of the steps and gives plan.csv.
std::string write_steps(const Story& story, const std::vector<std::string>& ids,
                        Directory& directory, Summary& summary) {
    std::string plan = "step,kind,file\n";
    std::map<std::size_t, std::string> message_files;
    std::size_t registry_files = 0;
    std::size_t number = 0;
    for (const Step& step : story.steps) {
        std::string kind;
        std::string file;
        switch (step.kind) {
            case Step::Kind::subjects:
                kind = "subjects";
                file = fmt::format("registry/{}-subjects.csv", ++registry_files);
                directory.write(file, subjects_file(story, step.index, step.at));
                break;
            case Step::Kind::specimens:
                kind = "specimens";
                file = "registry/1-specimens.csv";
                directory.write(file, specimens_file(story, step.index));
                break;
            case Step::Kind::send: {
                kind = "send";
                const Report& report = story.reports[step.index];
                auto [known, first] = message_files.try_emplace(step.index);
                if (first) {
                    known->second = fmt::format("messages/{:04}-{}-{}.hl7", message_files.size(),
                                                source_id(report.laboratory), report.what);
                    directory.write(known->second, render(report, ids[step.index]));
                }
                file = known->second;
                ++summary.messages;
                break;
            }
        }
        plan += fmt::format("{},{},{}\n", ++number, kind, file);
    }
    summary.files = message_files.size();
    return plan;
}

void count(const std::vector<TruthRow>& rows, Summary& summary) {
    for (const TruthRow& row : rows) {
        if (row.observation == "derived") {
            ++summary.derived;
        } else if (row.disposition == "refused") {
            ++summary.refused;
        } else {
            ++summary.observations;
            summary.stored += row.disposition == "stored" ? 1U : 0U;
            summary.held += row.disposition == "held" ? 1U : 0U;
            summary.ignored += row.disposition == "ignored" ? 1U : 0U;
        }
    }
}

}  // namespace

Result<Summary> write_samples(const Options& options) {
    if (options.subjects < kCast) {
        return fail(Code::usage, {}, fmt::format("--subjects must be at least {}", kCast));
    }
    const Story story = tell(options.seed, options.subjects);
    const std::vector<std::string> ids = number_messages(story);
    const std::vector<TruthRow> rows = truth_of(story, ids);
    Summary summary;
    Directory directory(options.out);
    directory.write("plan.csv", write_steps(story, ids, directory, summary));
    directory.write("truth.csv", truth_file(rows));
    if (!directory.failed().empty()) {
        return fail(Code::file_unreadable, Place{(options.out / directory.failed()).string()},
                    "cannot be written");
    }
    count(rows, summary);
    return summary;
}

}  // namespace labrelay::simulate
