#include "labrelay/views/locks.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace labrelay::views {
namespace {

using nlohmann::ordered_json;

ordered_json scope_json(const study::LockScope& scope, const study::Registry& registry) {
    const study::Subject* subject = registry.subject(scope.subject);
    return {{"scope", study::kind_of(scope)},
            {"study", scope.study},
            {"subject", subject == nullptr ? std::string() : subject->label()},
            {"subject_id", scope.subject ? ordered_json(scope.subject.value) : ordered_json()},
            {"visit", scope.visit}};
}

ordered_json words_json(const study::ResultWords& words) {
    return {{"value", words.value},
            {"unit", words.unit},
            {"state", words.state},
            {"status", words.status},
            {"visit", words.visit},
            {"visit_kind", words.kind},
            {"role", words.role},
            {"lineage_id", words.lineage},
            {"study_day", words.study_day ? ordered_json(*words.study_day) : ordered_json()}};
}

}  // namespace

ordered_json lock_json(const study::ScopeLock& lock, const study::Registry& registry,
                       const store::LockFact* fact) {
    ordered_json json = scope_json(lock.scope, registry);
    json["state"] = study::to_string(lock.state);
    json["since"] = to_iso(lock.since);
    if (fact != nullptr) {
        json["by"] = fact->actor;
        json["reason"] = fact->reason;
        json["signature"] = fact->signature;
    }
    return json;
}

ordered_json lock_fact_json(const store::LockFact& fact, const study::Registry& registry) {
    ordered_json json = scope_json(fact.scope, registry);
    json["action"] = study::to_string(fact.action);
    json["at"] = to_iso(fact.at);
    json["by"] = fact.actor;
    json["reason"] = fact.reason;
    json["signature"] = fact.signature;
    json["accepted"] = fact.accepted;
    return json;
}

PostLockReport post_lock_report(store::ReadSession& session, const store::PostLockItem& item,
                                const study::Registry& registry,
                                const std::vector<study::StudyDefinition>& studies) {
    PostLockReport report{item, registry.subject(item.subject), {}};
    const study::StudyDefinition* study = nullptr;
    if (report.subject != nullptr) {
        const auto known =
            std::ranges::find(studies, report.subject->study, &study::StudyDefinition::id);
        study = known == studies.end() ? nullptr : &*known;
    }
    const std::vector<std::string> derived =
        store::derived_analytes(session, item.subject, item.number);
    report.impact = study::impact_of(item.told, item.now, study, derived, item.differs);
    return report;
}

ordered_json post_lock_json(const PostLockReport& report) {
    const store::PostLockItem& item = report.item;
    return {{"id", item.id},
            {"state", study::to_string(item.state)},
            {"study", report.subject == nullptr ? std::string() : report.subject->study},
            {"subject", report.subject == nullptr ? std::string() : report.subject->label()},
            {"subject_id", item.subject.value},
            {"analyte", item.now.analyte},
            {"old", item.told ? words_json(*item.told) : ordered_json()},
            {"new", words_json(item.now)},
            {"impact", report.impact},
            {"reason", item.reason == Code::none ? std::string() : std::string(key(item.reason))},
            {"message_id", item.message ? to_base32(*item.message) : std::string()},
            {"opened", to_iso(item.opened)},
            {"changed", to_iso(item.changed)}};
}

ordered_json post_lock_fact_json(const store::PostLockFact& fact) {
    return {{"at", to_iso(fact.at)},
            {"by", fact.actor},
            {"from", study::to_string(fact.from)},
            {"to", study::to_string(fact.to)},
            {"reason", fact.reason},
            {"signature", fact.signature}};
}

}  // namespace labrelay::views
