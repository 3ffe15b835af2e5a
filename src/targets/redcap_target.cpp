#include "labrelay/targets/redcap_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "redcap_fate.hpp"

namespace labrelay::targets {
namespace {

using delivery::Delivery;
using delivery::Preparation;
using delivery::ReadBack;
using delivery::Standing;
using Kind = RedcapAnswer::Kind;

/// Records that deliveries and what stands of them name.
std::vector<std::string> records_of(const std::vector<Delivery>& deliveries) {
    std::set<std::string> records;
    for (const Delivery& delivery : deliveries) {
        for (const delivery::DeliveredResult& result : delivery.results) {
            records.insert(result.subject);
        }
        for (const auto* list : {&delivery.standings.written, &delivery.standings.sending}) {
            for (const Standing& one : *list) {
                records.insert(place_from(one.place).record);
            }
        }
    }
    records.erase(std::string());
    return {records.begin(), records.end()};
}

bool told(const Delivery& delivery, std::int64_t number) {
    const auto& written = delivery.standings.written;
    return std::any_of(written.begin(), written.end(),
                       [&](const Standing& one) { return one.number == number; });
}

}  // namespace

RedcapTarget::RedcapTarget(RedcapTargetSettings settings, study::RedcapMap map, AnalyteNames names,
                           std::vector<study::GradeScale> scales, const Clock& clock,
                           RateLimiter::Wait wait)
    : settings_(std::move(settings)),
      map_(std::move(map)),
      names_(std::move(names)),
      scales_(std::move(scales)),
      clock_(clock),
      client_(settings_.client, clock, std::move(wait)) {}

std::optional<RedcapAnswer> RedcapTarget::check_project() {
    const Instant now = clock_.now();
    const std::int64_t age = std::chrono::microseconds(settings_.metadata_age).count();
    if (project_ && now.microseconds - checked_.microseconds < age) {
        return std::nullopt;
    }
    RedcapProject project;
    if (auto failed = load_project(project)) {
        return failed;
    }
    const std::vector<RedcapMapFinding> findings = check_redcap_map(map_, project);
    if (!findings.empty()) {
        project_.reset();
        RedcapAnswer differs;
        differs.kind = Kind::stopped;
        differs.why = "the map does not fit the project:";
        for (const RedcapMapFinding& finding : findings) {
            differs.why += fmt::format(" {} {};", finding.what, finding.words);
        }
        return differs;
    }
    project_ = std::move(project);
    checked_ = now;
    return std::nullopt;
}

std::optional<RedcapAnswer> RedcapTarget::load_project(RedcapProject& project) {
    RedcapProjectAnswers answers;
    const auto ask = [&](const RedcapClient::Parameters& what,
                         std::string& text) -> std::optional<RedcapAnswer> {
        RedcapAnswer answer = client_.call(what);
        if (answer.kind != Kind::accepted) {
            return answer;
        }
        text = std::move(answer.body);
        return std::nullopt;
    };
    if (auto failed = ask({{"content", "version"}}, answers.version)) {
        return failed;
    }
    if (auto failed = ask({{"content", "project"}}, answers.project)) {
        return failed;
    }
    if (auto failed = ask({{"content", "metadata"}}, answers.metadata)) {
        return failed;
    }
    // Asking a classic project for its events is an error.
    if (answers.project.find("\"is_longitudinal\":1") != std::string::npos ||
        answers.project.find("\"is_longitudinal\":\"1\"") != std::string::npos) {
        if (auto failed = ask({{"content", "event"}}, answers.events)) {
            return failed;
        }
        if (auto failed = ask({{"content", "formEventMapping"}}, answers.designations)) {
            return failed;
        }
    }
    const bool repeats =
        std::any_of(map_.results.begin(), map_.results.end(),
                    [](const study::RedcapResult& result) { return result.repeats; });
    if (auto failed = ask({{"content", "repeatingFormsEvents"}}, answers.repeating);
        failed && (repeats || failed->kind != Kind::refused)) {
        return failed;
    }
    answers.records = "[]";
    Result<RedcapProject> read = read_redcap_project(answers);
    if (read) {
        RedcapAnswer records = client_.call({{"content", "record"},
                                             {"action", "export"},
                                             {"type", "flat"},
                                             {"fields[0]", read->record_field}});
        if (records.kind != Kind::accepted) {
            return records;
        }
        answers.records = std::move(records.body);
        read = read_redcap_project(answers);
    }
    if (!read) {
        RedcapAnswer unreadable;
        unreadable.kind = Kind::away;
        unreadable.why = describe(read.error());
        return unreadable;
    }
    project = std::move(*read);
    return std::nullopt;
}

RedcapAnswer RedcapTarget::export_records(const std::vector<std::string>& records,
                                          RedcapRecords& found) {
    RedcapClient::Parameters what{{"content", "record"},
                                  {"action", "export"},
                                  {"type", "flat"},
                                  {"rawOrLabel", "raw"},
                                  {"fields[0]", project_->record_field}};
    std::set<std::string> fields;
    for (const study::RedcapResult& result : map_.results) {
        for (const study::RedcapField& field : result.fields) {
            fields.insert(field.name);
        }
        if (!result.complete.empty()) {
            fields.insert(result.instrument + "_complete");
        }
    }
    std::size_t number = 0;
    for (const std::string& field : fields) {
        what.emplace_back(fmt::format("fields[{}]", ++number), field);
    }
    for (std::size_t i = 0; i < records.size(); ++i) {
        what.emplace_back(fmt::format("records[{}]", i), records[i]);
    }
    RedcapAnswer answer = client_.call(what);
    if (answer.kind == Kind::refused) {
        // The project is no longer what was checked: the next check names the difference.
        project_.reset();
    }
    if (answer.kind != Kind::accepted) {
        return answer;
    }
    Result<std::vector<RedcapRow>> rows = read_redcap_rows(answer.body, project_->record_field);
    if (!rows) {
        answer.kind = Kind::lost;
        answer.why = describe(rows.error());
        return answer;
    }
    for (RedcapRow& row : *rows) {
        found.known.insert(row.place.record);
        found.rows[row.place] = std::move(row.fields);
    }
    return answer;
}

std::vector<RedcapWanted> RedcapTarget::wanted_of(const Delivery& delivery,
                                                  Preparation::Each& each) const {
    std::vector<RedcapWanted> wanted;
    for (const delivery::DeliveredResult& result : delivery.results) {
        if (result.study != settings_.study && !told(delivery, result.number)) {
            continue;
        }
        Result<LabRows> rows = lab_rows(result, names_, scales_);
        if (!rows) {
            each.refusals.push_back(
                {result.number, Code::delivery_rejected, describe(rows.error())});
            continue;
        }
        wanted.push_back({&result, std::move(rows->current), rows->forwarded});
    }
    return wanted;
}

Preparation RedcapTarget::prepare(const std::vector<Delivery>& deliveries) {
    Preparation prepared;
    const auto not_now = [&](const RedcapAnswer& answer) {
        prepared.kind = answer.kind == Kind::stopped || answer.kind == Kind::refused
                            ? Preparation::Kind::stopped
                            : Preparation::Kind::retry;
        prepared.why = answer.why;
        return prepared;
    };
    plan_ = {};
    prepared_.clear();
    if (const auto failed = check_project()) {
        return not_now(*failed);
    }
    RedcapRecords records;
    const RedcapAnswer answer = export_records(records_of(deliveries), records);
    if (answer.kind != Kind::accepted) {
        return not_now(answer);
    }
    RedcapPlanner planner(map_, *project_, std::move(records));
    std::vector<Preparation::Each> unreadable(deliveries.size());
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
        planner.add(deliveries[i], wanted_of(deliveries[i], unreadable[i]));
    }
    plan_ = planner.finish();
    prepared.each = plan_.each;
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
        Preparation::Each& each = prepared.each[i];
        each.refusals.insert(each.refusals.end(), unreadable[i].refusals.begin(),
                             unreadable[i].refusals.end());
        prepared_[deliveries[i].id] = {each.sending, each.stands, plan_.sent[i]};
    }
    return prepared;
}

std::vector<ReadBack> RedcapTarget::read_back(const std::vector<Delivery>& deliveries) {
    std::vector<ReadBack> all(deliveries.size());
    RedcapRecords records;
    RedcapAnswer answer;
    if (const auto failed = check_project()) {
        answer = *failed;
    } else {
        answer = export_records(records_of(deliveries), records);
    }
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
        if (answer.kind != Kind::accepted) {
            all[i].kind = answer.kind == Kind::stopped || answer.kind == Kind::refused
                              ? ReadBack::Kind::stopped
                              : ReadBack::Kind::away;
            all[i].why = answer.why;
        } else {
            all[i] = compare_with_sent(deliveries[i], records);
        }
    }
    return all;
}

}  // namespace labrelay::targets
