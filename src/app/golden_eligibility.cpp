#include "labrelay/app/golden_eligibility.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <fstream>
#include <map>
#include <optional>

#include "labrelay/app/dry_run.hpp"
#include "labrelay/app/golden_case.hpp"
#include "labrelay/app/input.hpp"
#include "labrelay/study/criteria.hpp"
#include "labrelay/views/eligibility.hpp"

namespace labrelay::app {
namespace {

namespace fs = std::filesystem;

/// `SCR-110, reading limit-binds: hepatitis not met`.
struct FirstLine {
    std::string whole;
    std::string subject;
    std::optional<study::SerologyRule::Reading> reading;
    std::vector<std::string> clauses;
};

std::optional<study::SerologyRule::Reading> reading_from(const std::string& clause) {
    using Reading = study::SerologyRule::Reading;
    static const std::map<std::string, Reading> kReadings{
        {"reading each-or-limit", Reading::each_or_limit},
        {"reading each-and-limit", Reading::each_and_limit},
        {"reading limit-binds", Reading::limit_binds}};
    const auto found = kReadings.find(clause);
    return found == kReadings.end() ? std::nullopt : std::optional(found->second);
}

FirstLine read_first_line(const std::string& expected) {
    FirstLine line;
    line.whole = expected.substr(0, expected.find('\n'));
    const std::size_t colon = std::min(line.whole.find(':'), line.whole.size());
    const std::vector<std::string> whose = split_clauses(line.whole.substr(0, colon));
    line.subject = whose.empty() ? std::string() : whose.front();
    if (whose.size() > 1) {
        line.reading = reading_from(whose[1]);
    }
    if (colon < line.whole.size()) {
        line.clauses = split_clauses(line.whole.substr(colon + 1));
    }
    return line;
}

study::StudyDefinition read_as(study::StudyDefinition study,
                               std::optional<study::SerologyRule::Reading> reading) {
    for (study::Criterion& criterion : study.criteria) {
        for (study::Condition& condition : criterion.conditions) {
            auto* serology = std::get_if<study::SerologyRule>(&condition.rule);
            if (serology != nullptr && serology->limit && reading) {
                serology->reading = *reading;
            }
        }
    }
    return study;
}

void add_held(const DryRun::Answered& answered, SubjectId subject,
              std::vector<study::HeldResult>& held) {
    for (const study::DecidedObservation& decided : answered.outcome.observations) {
        const auto& proposed = *std::ranges::find(answered.proposal.observations, decided.ordinal,
                                                  &study::ProposedObservation::ordinal);
        const bool is_of = std::ranges::find(proposed.subjects, subject) != proposed.subjects.end();
        if (decided.disposition == study::Disposition::held && is_of) {
            held.push_back({{answered.proposal.message_id, decided.ordinal},
                            decided.rule,
                            proposed.analyte,
                            proposed.code,
                            proposed.value.value_reported,
                            proposed.value.unit_reported,
                            proposed.collected});
        }
    }
}

/// The registry that the cases of one folder share.
std::optional<study::Registry> registry_of(const fs::path& directory,
                                           const mapping::Configuration& configuration) {
    const fs::path specimens = directory / "specimens.csv";
    return registry_from_files((directory / "subjects.csv").string(),
                               fs::exists(specimens) ? specimens.string() : std::string(),
                               configuration);
}

void compare(const FirstLine& line, const std::vector<std::string>& actual,
             std::vector<std::string>& differences) {
    for (const std::string& clause : line.clauses) {
        if (std::ranges::find(actual, clause) == actual.end()) {
            differences.push_back(
                fmt::format("expected by hand: {}\n    came: {}", clause, fmt::join(actual, ", ")));
        }
    }
    if (line.clauses.empty()) {
        differences.push_back("the first line names nothing that must come out");
    }
}

}  // namespace

std::vector<EligibilityCase> find_eligibility_cases(const fs::path& mappings) {
    std::map<std::string, EligibilityCase> cases;
    for (const fs::directory_entry& found : fs::recursive_directory_iterator(mappings)) {
        if (found.path().extension() != ".eligibility") {
            continue;
        }
        const fs::path base = fs::path(found.path()).replace_extension();
        EligibilityCase golden;
        golden.name = fs::relative(base, mappings).string();
        golden.expected = found.path();
        if (const fs::path only = base.string() + ".hl7"; fs::exists(only)) {
            golden.messages.push_back(only);
        }
        for (int number = 1;; ++number) {
            const fs::path next = fmt::format("{}.{}.hl7", base.string(), number);
            if (!fs::exists(next)) {
                break;
            }
            golden.messages.push_back(next);
        }
        cases.emplace(golden.name, std::move(golden));
    }
    std::vector<EligibilityCase> sorted;
    for (auto& [name, golden] : cases) {
        sorted.push_back(std::move(golden));
    }
    return sorted;
}

std::vector<std::string> run_eligibility_case(
    const EligibilityCase& golden,
    const std::shared_ptr<const mapping::Configuration>& configuration, bool update) {
    const Result<std::string> expected = read_input(golden.expected.string());
    const std::optional<study::Registry> registry =
        registry_of(golden.expected.parent_path(), *configuration);
    if (!expected || !registry) {
        return {"the case or its registry cannot be read"};
    }
    const FirstLine line = read_first_line(*expected);
    const std::vector<const study::Subject*> subjects = registry->subjects_by_number(line.subject);
    if (subjects.size() != 1) {
        return {fmt::format("\"{}\" is no subject of subjects.csv", line.subject)};
    }
    const study::Subject& subject = *subjects.front();
    DryRun run(configuration, *registry);
    std::vector<study::HeldResult> held;
    for (const fs::path& file : golden.messages) {
        const Result<std::string> bytes = read_message(file.string());
        if (!bytes) {
            return {describe(bytes.error())};
        }
        for (const DryRun::Answered& answered : run.deliver(*bytes).members) {
            add_held(answered, subject.id, held);
        }
    }
    const study::StudyDefinition study =
        read_as(*configuration->rules().study(subject.study), line.reading);
    const study::SubjectState stored = run.stored_of(subject.id);
    const study::Eligibility eligibility =
        study::evaluate({stored, subject, study, std::nullopt, held});
    const views::EligibilityReport report{subject, eligibility, std::nullopt};
    std::vector<std::string> differences;
    compare(line, views::clauses(report), differences);
    const std::string whole = line.whole + "\n\n" + views::eligibility_text(report);
    if (update) {
        std::ofstream(golden.expected, std::ios::binary) << whole;
    } else if (whole != *expected) {
        differences.push_back("the complete outcome differs; it is now:\n" + whole);
    }
    return differences;
}

}  // namespace labrelay::app
