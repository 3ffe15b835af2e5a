#include "labrelay/app/reconciling.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "labrelay/mapping/lab_list.hpp"
#include "labrelay/store/lock_query.hpp"
#include "labrelay/store/subject_query.hpp"
#include "labrelay/study/completeness.hpp"

namespace labrelay::app {
namespace {

using nlohmann::json;
using study::Difference;
using study::SideResult;
using targets::LabRow;

SideResult side_of(const LabRow& row, const std::vector<std::string_view>& compared) {
    SideResult side;
    side.result_id = row.result_id;
    side.subject = row.subject;
    side.visit = row.visit.empty() ? row.visit_kind : row.visit;
    side.analyte = row.analyte;
    side.columns.emplace_back("subject", row.subject);
    for (const targets::LabColumn& column : targets::lab_columns()) {
        const bool asked = std::ranges::find(compared, column.name) != compared.end();
        if (asked && column.name != "subject") {
            side.columns.emplace_back(std::string(column.name), targets::text_of(row, column));
        }
    }
    return side;
}

bool is_under_way(std::string_view state) {
    return state == "ready" || state == "retry" || state == "sending";
}

Result<std::vector<study::HereResult>> here_of(SubjectView& view, const ReconcileQuestion& question,
                                               const std::vector<std::string_view>& compared) {
    const study::StudyRules& rules = view.configuration->rules();
    const targets::AnalyteNames names = targets::analyte_names(rules.analytes);
    std::vector<study::HereResult> all;
    for (const store::ResultForTarget& stored :
         store::results_for_target(view.session, question.study, question.target)) {
        const Result<targets::LabRows> rows = targets::lab_rows(stored.result, names, rules.scales);
        if (!rows) {
            return tl::unexpected(rows.error());
        }
        study::HereResult& here = all.emplace_back();
        here.result = side_of(rows->current, compared);
        here.subject = stored.subject;
        here.may_be_absent = !stored.forwarded;
        here.waits = is_under_way(stored.delivery_state);
        if (!here.waits) {
            here.rejected = stored.delivery_state;
        }
    }
    return all;
}

void count_visit(const study::Subject& subject, const study::ExpectedVisit& visit,
                 views::ScheduleCounts& counts) {
    const bool closed = visit.window == study::WindowState::closed;
    if (!closed && visit.window != study::WindowState::open) {
        return;
    }
    for (const study::ExpectedPanel& panel : visit.panels) {
        for (const study::ExpectedItem& item : panel.items) {
            ++counts.expected;
            counts.received += item.state == study::ItemState::there ? 1 : 0;
            counts.held += item.state == study::ItemState::held ? 1 : 0;
            counts.missing += item.state == study::ItemState::missing ? 1 : 0;
            if (closed && item.state == study::ItemState::missing) {
                counts.missing_items.push_back(fmt::format("{} {} {}", subject.label(), visit.id,
                                                           fmt::join(item.any_of, " or ")));
            }
        }
    }
}

std::vector<const study::Subject*> subjects_of(const SubjectView& view, const std::string& study) {
    std::vector<const study::Subject*> subjects = view.subjects("");
    std::erase_if(subjects, [&](const study::Subject* each) { return each->study != study; });
    return subjects;
}

json differences_json(const std::vector<Difference>& differences) {
    json list = json::array();
    for (const Difference& difference : differences) {
        list.push_back({{"rule", key(difference.code)},
                        {"subject", difference.subject.value},
                        {"key", difference.key}});
    }
    return list;
}

std::vector<Difference> differences_from(const json& list) {
    std::vector<Difference> differences;
    for (const json& each : list) {
        const auto code = code_from_key(each.at("rule").get<std::string>());
        differences.push_back({code.value_or(Code::none),
                               SubjectId{each.at("subject").get<std::int64_t>()},
                               each.at("key").get<std::string>(),
                               {}});
    }
    return differences;
}

}  // namespace

Result<views::Reconciliation> compare_target(SubjectView& view, targets::ReconcileReader& reader,
                                             const ReconcileQuestion& question) {
    views::Reconciliation all;
    all.study = question.study;
    all.study_name = view.configuration->rules().study(question.study)->name;
    all.target = question.target;
    all.config_hash = view.configuration->hash();
    all.store_state = store::state_of_store(view.session);
    all.at = question.at;
    // What is here is read first: a delivery that ends meanwhile is still under way here.
    const Result<std::vector<study::HereResult>> here = here_of(view, question, reader.compared());
    if (!here) {
        return tl::unexpected(here.error());
    }
    const Result<std::vector<LabRow>> rows = reader.stored(question.study);
    if (!rows) {
        return tl::unexpected(rows.error());
    }
    std::vector<SideResult> there;
    for (const LabRow& row : *rows) {
        there.push_back(side_of(row, reader.compared()));
    }
    std::map<std::string, SubjectId> labels;
    for (const study::Subject* subject : subjects_of(view, question.study)) {
        ++all.subjects;
        labels.emplace(subject->label(), subject->id);
        const store::SubjectResults stored = store::subject_results(view.session, subject->id);
        const study::Completeness completeness = study::complete(
            {stored.results, *subject, view.study_of(*subject), question.at, stored.held});
        for (const study::ExpectedVisit& visit : completeness.visits) {
            count_visit(*subject, visit, all.schedule);
        }
        all.kept_back += static_cast<std::int64_t>(
            store::post_lock_items(view.session, {false, subject->id}).size());
    }
    all.target_comparison = study::compare_with_target(*here, there, labels);
    return all;
}

Result<void> compare_list(SubjectView& view, std::string_view csv, const std::string& name,
                          views::Reconciliation& reconciliation) {
    const mapping::LabListFile list = mapping::read_lab_list(csv, name, *view.configuration);
    if (!list.errors.empty()) {
        std::string lines;
        for (const Finding& error : list.errors) {
            lines += (lines.empty() ? "" : "\n") + describe(error);
        }
        return fail(list.errors.front().code, Place{name}, lines);
    }
    const std::vector<const study::Subject*> subjects = subjects_of(view, reconciliation.study);
    std::vector<store::SubjectResults> stored;
    stored.reserve(subjects.size());
    std::vector<study::ListedSubject> listed;
    for (const study::Subject* subject : subjects) {
        stored.push_back(store::subject_results(view.session, subject->id));
        listed.push_back({subject, &stored.back().results, stored.back().held});
    }
    reconciliation.list_name = name;
    reconciliation.list = study::compare_with_list(list.rows, listed);
    return {};
}

std::vector<store::ReconciliationFindings> findings_of(const views::Reconciliation& all) {
    std::vector<store::ReconciliationFindings> findings;
    findings.push_back({all.study,
                        all.target,
                        {Code::missing_there, Code::extra_there, Code::differs_there},
                        all.target_comparison.differences,
                        {}});
    if (all.list) {
        // A list says nothing about what it does not name.
        findings.push_back({all.study, "lab list", {}, all.list->differences, all.list->settled});
    }
    return findings;
}

std::string to_json(const std::vector<store::ReconciliationFindings>& findings) {
    json list = json::array();
    for (const store::ReconciliationFindings& each : findings) {
        json complete = json::array();
        for (const Code code : each.complete) {
            complete.push_back(key(code));
        }
        list.push_back({{"study", each.study},
                        {"target", each.target},
                        {"complete", complete},
                        {"found", differences_json(each.found)},
                        {"settled", differences_json(each.settled)}});
    }
    return list.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<std::string> enter_findings(store::StoreWriter& writer, std::string_view text,
                                   const store::Act& act) {
    const json list = json::parse(text, nullptr, false);
    if (!list.is_array()) {
        return fail(Code::usage, Place{"request"}, "it is no JSON array");
    }
    std::vector<store::ReconciliationFindings> all;
    try {
        for (const json& each : list) {
            store::ReconciliationFindings& findings = all.emplace_back();
            findings.study = each.at("study");
            findings.target = each.at("target");
            for (const json& rule : each.at("complete")) {
                const auto code = code_from_key(rule.get<std::string>());
                findings.complete.push_back(code.value_or(Code::none));
            }
            findings.found = differences_from(each.at("found"));
            findings.settled = differences_from(each.at("settled"));
        }
    } catch (const json::exception&) {
        return fail(Code::usage, Place{"request"}, "a field is not of its form");
    }
    store::ReconciliationEntry sum;
    for (const store::ReconciliationFindings& findings : all) {
        const store::ReconciliationEntry entry = store::enter_reconciliation(writer, findings, act);
        sum.opened += entry.opened;
        sum.resolved += entry.resolved;
    }
    return fmt::format("problems: {} opened, {} resolved", sum.opened, sum.resolved);
}

}  // namespace labrelay::app
