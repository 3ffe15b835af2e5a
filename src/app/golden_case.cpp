#include "labrelay/app/golden_case.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cctype>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

#include "labrelay/app/input.hpp"
#include "labrelay/views/explain.hpp"

namespace labrelay::app {
namespace {

namespace fs = std::filesystem;

/// `late-final.2` -> `late-final`; a name without a number stays.
std::string case_stem(const std::string& stem) {
    const std::size_t dot = stem.rfind('.');
    if (dot == std::string::npos || dot + 1 == stem.size()) {
        return stem;
    }
    const bool number = std::all_of(stem.begin() + static_cast<std::ptrdiff_t>(dot) + 1, stem.end(),
                                    [](unsigned char c) { return std::isdigit(c) != 0; });
    return number ? stem.substr(0, dot) : stem;
}

bool is_case_directory(const fs::path& directory) {
    return directory.filename() == "cases" || directory.extension() == ".cases";
}

std::string trimmed(std::string text) {
    const auto blank = [](unsigned char c) { return std::isspace(c) != 0; };
    text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), blank));
    text.erase(std::find_if_not(text.rbegin(), text.rend(), blank).base(), text.end());
    return text;
}

std::string joined(const std::vector<std::string>& lines) {
    return fmt::format("{}", fmt::join(lines, ", "));
}

}  // namespace

std::vector<std::string> split_clauses(const std::string& line) {
    std::vector<std::string> clauses;
    std::size_t begin = 0;
    while (begin <= line.size()) {
        const std::size_t end = std::min(line.find(',', begin), line.size());
        if (std::string clause = trimmed(line.substr(begin, end - begin)); !clause.empty()) {
            clauses.push_back(std::move(clause));
        }
        begin = end + 1;
    }
    return clauses;
}

std::vector<GoldenCase> find_golden_cases(const fs::path& mappings) {
    std::map<std::string, GoldenCase> cases;
    for (const fs::directory_entry& found : fs::recursive_directory_iterator(mappings)) {
        const fs::path& file = found.path();
        if (file.extension() != ".hl7" || !is_case_directory(file.parent_path())) {
            continue;
        }
        const std::string stem = case_stem(file.stem().string());
        const fs::path base = file.parent_path() / stem;
        GoldenCase& golden = cases[fs::relative(base, mappings).string()];
        golden.name = fs::relative(base, mappings).string();
        golden.messages.push_back(file);
        golden.expected = base.string() + ".expected";
    }
    std::vector<GoldenCase> sorted;
    for (auto& [name, golden] : cases) {
        std::sort(golden.messages.begin(), golden.messages.end());
        sorted.push_back(std::move(golden));
    }
    return sorted;
}

GoldenOutcome run_golden_case(const GoldenCase& golden,
                              const std::shared_ptr<const mapping::Configuration>& configuration,
                              const study::Registry& registry, bool update) {
    GoldenOutcome outcome;
    const Result<std::string> expected = read_input(golden.expected.string());
    if (!expected) {
        outcome.differences.push_back("there is no " + golden.expected.string());
        return outcome;
    }
    DryRun run(configuration, registry);
    DryRun::Delivery delivery;
    for (const fs::path& file : golden.messages) {
        const Result<std::string> bytes = read_message(file.string());
        if (!bytes) {
            outcome.differences.push_back(describe(bytes.error()));
            return outcome;
        }
        delivery = run.deliver(*bytes);
    }
    if (!delivery.answer.silent) {
        outcome.ack_code = std::string(hl7::to_string(delivery.answer.code));
    }
    const std::string first_line = expected->substr(0, expected->find('\n'));
    std::vector<std::string> actual;
    std::string whole = first_line + "\n\n";
    for (std::size_t index = 0; index < delivery.members.size(); ++index) {
        const DryRun::Answered& answered = delivery.members[index];
        const views::Explanation explanation{answered.proposal,      answered.outcome,
                                             answered.answer,        run.registry(),
                                             configuration->rules(), true};
        std::vector<std::string> clauses = views::clauses(explanation);
        if (clauses.empty()) {
            clauses.emplace_back("nothing");
        }
        std::ranges::move(std::move(clauses), std::back_inserter(actual));
        whole += member_heading(delivery, index) + views::explain_text(explanation);
        if (!answered.outcome.counts.balanced()) {
            outcome.differences.push_back("the balance sheet does not balance");
        }
    }
    for (const std::string& clause : split_clauses(first_line)) {
        if (std::find(actual.begin(), actual.end(), clause) == actual.end()) {
            outcome.differences.push_back(
                fmt::format("expected by hand: {}\n    came: {}", clause, joined(actual)));
        }
    }
    if (update) {
        std::ofstream(golden.expected, std::ios::binary) << whole;
    } else if (whole != *expected) {
        outcome.differences.push_back("the complete outcome differs; it is now:\n" + whole);
    }
    return outcome;
}

std::optional<study::Registry> golden_registry(const fs::path& mappings,
                                               const mapping::Configuration& configuration) {
    for (const fs::directory_entry& found : fs::recursive_directory_iterator(mappings)) {
        if (found.path().filename() == "subjects.csv" &&
            is_case_directory(found.path().parent_path())) {
            const fs::path directory = found.path().parent_path();
            const fs::path specimens = directory / "specimens.csv";
            return registry_from_files(found.path().string(),
                                       fs::exists(specimens) ? specimens.string() : std::string(),
                                       configuration);
        }
    }
    return study::Registry{};
}

}  // namespace labrelay::app
