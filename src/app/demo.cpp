#include "labrelay/app/demo.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <map>

#include "labrelay/app/offline_store.hpp"
#include "labrelay/app/problem_text.hpp"
#include "labrelay/core/file.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/ledger_query.hpp"
#include "labrelay/store/message_query.hpp"
#include "labrelay/store/problem_query.hpp"
#include "labrelay/store/result_query.hpp"
#include "labrelay/targets/study_reader.hpp"

namespace labrelay::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPage = 500;

std::vector<store::LedgerMessage> all_messages(store::ReadSession& session) {
    std::vector<store::LedgerMessage> messages;
    MessageId after;
    while (true) {
        std::vector<store::LedgerMessage> page =
            store::ledger_messages(session, store::LedgerFilter{}, after, kPage);
        const bool last = page.size() < kPage;
        if (!page.empty()) {
            after = page.back().id;
        }
        std::move(page.begin(), page.end(), std::back_inserter(messages));
        if (last) {
            return messages;
        }
    }
}

void fill_from(const targets::LabRow& row, TruthRow& truth) {
    truth.study = row.study;
    truth.subject = row.subject;
    truth.visit = row.visit;
    truth.role = row.role;
    truth.analyte = row.analyte;
    truth.comparator = row.comparator;
    truth.value_num = row.value_num;
    truth.unit = row.unit;
    truth.result_state = row.result_state;
    truth.status = row.status;
}

using ByLineage = std::map<std::string, std::vector<const targets::LabRow*>, std::less<>>;

/// The versions of results that are kept here and not forwarded.
Result<std::vector<targets::LabRow>> kept_versions(store::ReadSession& session) {
    std::vector<targets::LabRow> kept;
    for (const store::StoredResult& stored : store::results(session, {})) {
        if (stored.result.record.placement.forwarded) {
            continue;
        }
        Result<targets::LabRows> rows = targets::lab_rows(stored.result, {});
        if (!rows) {
            return tl::unexpected(rows.error());
        }
        std::move(rows->versions.begin(), rows->versions.end(), std::back_inserter(kept));
    }
    return kept;
}

/// Every stored observation by its lineage: as the study database has it, or as it is kept here.
struct StoredVersions {
    ByLineage delivered;
    ByLineage kept;
};

void add_stored(const std::vector<const targets::LabRow*>& versions, const TruthRow& observation,
                std::vector<TruthRow>& rows) {
    for (const targets::LabRow* version : versions) {
        TruthRow row = observation;
        fill_from(*version, row);
        rows.push_back(std::move(row));
    }
}

void add_observations(const store::MessageDetail& detail, const StoredVersions& stored,
                      std::vector<TruthRow>& rows) {
    for (const store::ObservationLine& line : detail.observations) {
        TruthRow row;
        row.control_id = detail.control_id;
        row.observation = std::to_string(line.ordinal);
        row.disposition = std::string(study::to_string(line.disposition));
        if (line.disposition != study::Disposition::stored) {
            row.reason = std::string(key(line.rule));
            row.status = line.version.status_code;
            rows.push_back(std::move(row));
            continue;
        }
        const std::string lineage =
            to_string(ObservationId{detail.arrival.message_id, line.ordinal});
        if (const auto found = stored.delivered.find(lineage); found != stored.delivered.end()) {
            add_stored(found->second, row, rows);
        } else if (const auto kept = stored.kept.find(lineage); kept != stored.kept.end()) {
            row.reason = std::string(key(Code::screen_failure));
            add_stored(kept->second, row, rows);
        } else {
            rows.push_back(std::move(row));
        }
    }
}

/// The message of the newest input of a derived version: its lineage joins the inputs' ids by `+`,
/// and message ids sort by time.
std::string newest_message(const std::string& lineage) {
    std::string newest;
    std::size_t begin = 0;
    while (begin < lineage.size()) {
        const std::size_t end = std::min(lineage.find('+', begin), lineage.size());
        newest = std::max(newest, lineage.substr(begin, end - begin));
        begin = end + 1;
    }
    return newest.substr(0, newest.find('-'));
}

void add_derived(const std::vector<targets::LabRow>& results, const std::string& reason,
                 const std::map<std::string, std::string>& control_ids,
                 std::vector<TruthRow>& rows) {
    for (const targets::LabRow& result : results) {
        if (result.derived_from.empty()) {
            continue;
        }
        TruthRow row;
        const auto message = control_ids.find(newest_message(result.lineage_id));
        row.control_id = message == control_ids.end() ? std::string() : message->second;
        row.observation = "derived";
        row.disposition = "stored";
        row.reason = reason;
        fill_from(result, row);
        rows.push_back(std::move(row));
    }
}

/// `18.0` -> `+18`.
std::string change_text(std::string change) {
    if (change.ends_with(".0")) {
        change.resize(change.size() - 2);
    }
    return change.empty() || change.front() == '-' || change == "0" ? change : "+" + change;
}

std::string pad(const std::string& text, std::size_t width) {
    return text.size() >= width ? text : std::string(width - text.size(), ' ') + text;
}

}  // namespace

Result<std::vector<PlanStep>> read_plan(const fs::path& plan) {
    const Result<std::string> text = read_file(plan);
    if (!text) {
        return tl::unexpected(text.error());
    }
    std::vector<PlanStep> steps;
    std::size_t number = 0;
    std::size_t begin = 0;
    while (begin < text->size()) {
        const std::size_t end = std::min(text->find('\n', begin), text->size());
        const std::string line = text->substr(begin, end - begin);
        begin = end + 1;
        if (++number == 1 || line.empty()) {
            continue;
        }
        const std::size_t first = line.find(',');
        const std::size_t second = line.find(',', first == std::string::npos ? first : first + 1);
        if (second == std::string::npos) {
            return fail(Code::csv_malformed, Place{fmt::format("{}:{}", plan.string(), number)});
        }
        steps.push_back(PlanStep{line.substr(first + 1, second - first - 1),
                                 plan.parent_path() / line.substr(second + 1)});
    }
    return steps;
}

Result<std::vector<TruthRow>> actual_rows(const fs::path& data, const fs::path& target) {
    const Result<targets::StudyReader> reader = targets::StudyReader::open(target);
    if (!reader) {
        return tl::unexpected(reader.error());
    }
    const Result<std::vector<targets::LabRow>> versions = reader->versions();
    if (!versions) {
        return tl::unexpected(versions.error());
    }
    Result<store::ReadSession> session = open_for_reading(data);
    if (!session) {
        return tl::unexpected(session.error());
    }
    const Result<std::vector<targets::LabRow>> kept = kept_versions(*session);
    if (!kept) {
        return tl::unexpected(kept.error());
    }
    StoredVersions stored;
    std::map<std::string, std::string> control_ids;
    for (const targets::LabRow& row : *versions) {
        stored.delivered[row.lineage_id].push_back(&row);
    }
    for (const targets::LabRow& row : *kept) {
        stored.kept[row.lineage_id].push_back(&row);
    }
    std::vector<TruthRow> rows;
    for (const store::LedgerMessage& message : all_messages(*session)) {
        control_ids[to_base32(message.id)] = message.control_id;
        if (message.state == study::MessageState::duplicate) {
            continue;
        }
        if (message.state == study::MessageState::refused) {
            TruthRow row;
            row.control_id = message.control_id;
            row.disposition = "refused";
            row.reason = std::string(key(message.rule));
            rows.push_back(std::move(row));
            continue;
        }
        if (const std::optional<store::MessageDetail> detail =
                store::message(*session, message.id)) {
            add_observations(*detail, stored, rows);
        }
    }
    // Of a derived result the current version counts.
    const Result<std::vector<targets::LabRow>> current = reader->results();
    if (!current) {
        return tl::unexpected(current.error());
    }
    add_derived(*current, {}, control_ids, rows);
    add_derived(*kept, std::string(key(Code::screen_failure)), control_ids, rows);
    return rows;
}

Result<std::string> cd4_table(const fs::path& target) {
    const Result<targets::StudyReader> reader = targets::StudyReader::open(target);
    if (!reader) {
        return tl::unexpected(reader.error());
    }
    const Result<std::vector<targets::Cd4Visit>> visits = reader->cd4_by_visit();
    if (!visits) {
        return tl::unexpected(visits.error());
    }
    std::string text =
        fmt::format("{:<8} {:<5} {:>4}  {:>9} {:>9} {:>7}  {:>13}  {:>10}\n", "subject", "visit",
                    "day", "CD4 /uL", "CD8 /uL", "CD4/CD8", "HIV RNA c/mL", "CD4 change");
    for (const targets::Cd4Visit& row : *visits) {
        text +=
            fmt::format("{:<8} {:<5} {:>4}  {:>9} {:>9} {:>7}  {}  {:>10}\n", row.subject,
                        row.visit, row.study_day ? std::to_string(*row.study_day) : "", row.cd4,
                        row.cd8, row.cd4_cd8, pad(row.viral_load, 13), change_text(row.cd4_change));
    }
    return text;
}

Result<std::string> held_list(const fs::path& data) {
    Result<store::ReadSession> session = open_for_reading(data);
    if (!session) {
        return tl::unexpected(session.error());
    }
    std::string text;
    const study::Registry registry = store::read_registry(*session);
    for (const store::ProblemRow& row : store::problems(*session, store::ProblemFilter{})) {
        if (row.held == 0) {
            continue;
        }
        text +=
            fmt::format("{:>3} {:<24} {:<12} {}\n    {} {}\n", row.held, key(row.rule), row.source,
                        object_text(row, registry), entry(row.rule).text, entry(row.rule).advice);
    }
    return text;
}

Result<std::string> balance_sheet(const fs::path& data) {
    Result<store::ReadSession> session = open_for_reading(data);
    if (!session) {
        return tl::unexpected(session.error());
    }
    study::Counts total;
    std::map<std::string, study::Counts> by_source;
    const auto add = [](study::Counts& sum, const study::Counts& counts) {
        sum.received += counts.received;
        sum.stored += counts.stored;
        sum.held += counts.held;
        sum.ignored += counts.ignored;
    };
    for (const store::LedgerMessage& message : all_messages(*session)) {
        add(by_source[message.source], message.counts);
        add(total, message.counts);
    }
    std::string text;
    const auto line = [&text](std::string_view name, const study::Counts& counts) {
        text += fmt::format("{:<12} received {:>5} = stored {:>5} + held {:>4} + ignored {:>4}{}\n",
                            name, counts.received, counts.stored, counts.held, counts.ignored,
                            counts.balanced() ? "" : "  DOES NOT BALANCE");
    };
    for (const auto& [source, counts] : by_source) {
        line(source.empty() ? "?" : source, counts);
    }
    line("all", total);
    return text;
}

}  // namespace labrelay::app
