#include "hold_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "labrelay/crypto/keyed_hash.hpp"

namespace labrelay::store {
namespace {

using pipeline::CommitItem;
using study::ProposedObservation;

std::string code_object(const ProposedObservation& observation) {
    return fmt::format("{}^{}", observation.code, observation.code_system);
}

std::string unit_object(const ProposedObservation& observation) {
    const std::string& what = observation.analyte.empty() ? observation.code : observation.analyte;
    return fmt::format("{} for {}", observation.value.unit_reported, what);
}

std::string patient_object(const ProposedObservation& observation) {
    std::string text;
    for (const study::Identifier& identifier : observation.patient)
        fmt::format_to(std::back_inserter(text), "{}{}:{}", text.empty() ? "" : ", ",
                       identifier.authority, identifier.value);
    return text;
}

std::string specimen_object(const ProposedObservation& observation) {
    if (observation.specimen_name)
        return fmt::format("{}:{}", observation.specimen_name->authority,
                           observation.specimen_name->specimen);
    const study::SpecimenIdentity& specimen = observation.specimen;
    if (!specimen.specimen_id.empty()) return specimen.specimen_id;
    return specimen.order.empty() ? specimen.collected : specimen.order;
}

std::string subject_object(const ProposedObservation& observation) {
    if (observation.subjects.empty()) return patient_object(observation);
    return fmt::format("subject {}", observation.subjects.front().value);
}

std::string result_object(const ProposedObservation& observation) {
    return fmt::format("{}, {}, {}", subject_object(observation), specimen_object(observation),
                       code_object(observation));
}

std::string value_object(const ProposedObservation& observation) {
    return fmt::format("'{}' for {}", observation.value.value_reported, code_object(observation));
}

struct ObjectOf {
    Code rule;
    std::string (*words)(const ProposedObservation&);
};

// Every rule that is not here is about how the source writes the code.
constexpr std::array kObjects{
    ObjectOf{Code::unknown_unit, unit_object},
    ObjectOf{Code::missing_unit, unit_object},
    ObjectOf{Code::needs_assay_factor, unit_object},
    ObjectOf{Code::unit_needs_substance, unit_object},
    ObjectOf{Code::unknown_subject, patient_object},
    ObjectOf{Code::no_identifier, patient_object},
    ObjectOf{Code::identifiers_disagree, patient_object},
    ObjectOf{Code::birth_date_contradicts, patient_object},
    ObjectOf{Code::sex_contradicts, patient_object},
    ObjectOf{Code::sex_word_unknown, patient_object},
    ObjectOf{Code::unknown_specimen, specimen_object},
    ObjectOf{Code::specimen_conflict, specimen_object},
    ObjectOf{Code::moved_from_subject, specimen_object},
    ObjectOf{Code::collection_time_missing, specimen_object},
    ObjectOf{Code::collection_time_bad, specimen_object},
    ObjectOf{Code::collection_time_imprecise, specimen_object},
    ObjectOf{Code::collected_in_future, specimen_object},
    ObjectOf{Code::collection_time_ambiguous, specimen_object},
    ObjectOf{Code::unbound_observation, specimen_object},
    ObjectOf{Code::order_numbers_disagree, specimen_object},
    ObjectOf{Code::visit_anchor_unknown, subject_object},
    ObjectOf{Code::visit_time_needed, subject_object},
    ObjectOf{Code::visit_ambiguous, subject_object},
    ObjectOf{Code::visit_contradicts, subject_object},
    ObjectOf{Code::screening_unknown, subject_object},
    ObjectOf{Code::final_differs, result_object},
    ObjectOf{Code::nothing_to_promote, result_object},
    ObjectOf{Code::identity_twice, result_object},
    ObjectOf{Code::implausible_value, result_object},
    ObjectOf{Code::panel_differs, specimen_object},
    ObjectOf{Code::ratio_differs, specimen_object},
    ObjectOf{Code::log_differs, specimen_object},
    ObjectOf{Code::specimen_suspect, specimen_object},
    ObjectOf{Code::collected_before_birth, patient_object},
    ObjectOf{Code::collected_after_report, specimen_object},
    ObjectOf{Code::sex_bound_test, patient_object},
    ObjectOf{Code::unit_mix_up, unit_object},
    ObjectOf{Code::duplicate_differs, result_object},
    ObjectOf{Code::delta_exceeded, result_object},
    ObjectOf{Code::course_factor, result_object},
    ObjectOf{Code::flag_differs, result_object},
    ObjectOf{Code::value_unreadable, value_object},
    ObjectOf{Code::number_separator, value_object},
};

struct Hold {
    std::int32_t ordinal = 0;
    Code rule = Code::none;
    std::string object;
    std::optional<std::int64_t> who;
    std::string_view analyte;
};

// Subjects are small positive numbers, hashes of patients negative ones.
std::optional<std::int64_t> who_of(StoreWriter::Core& core,
                                   const ProposedObservation& observation) {
    if (!observation.subjects.empty()) return observation.subjects.front().value;
    if (observation.patient.empty()) return std::nullopt;
    const study::Identifier& patient = observation.patient.front();
    return -crypto::keyed_hash_63(core.names_key,
                                  fmt::format("patient:{}:{}", patient.authority, patient.value));
}

Code message_rule(const study::Outcome& outcome) {
    const auto found = std::ranges::find_if(outcome.findings, [](const Finding& finding) {
        return finding.severity >= Severity::hold;
    });
    return found == outcome.findings.end() ? Code::internal_fault : found->code;
}

std::vector<Hold> holds_of(StoreWriter::Core& core, const CommitItem& item) {
    std::vector<Hold> holds;
    for (const study::DecidedObservation& decided : item.outcome.observations) {
        if (decided.disposition != study::Disposition::held) continue;
        const auto proposed = std::ranges::find_if(
            item.proposal.observations,
            [&](const auto& candidate) { return candidate.ordinal == decided.ordinal; });
        if (proposed == item.proposal.observations.end()) continue;
        holds.push_back({decided.ordinal, decided.rule, hold_object(decided.rule, *proposed),
                         who_of(core, *proposed), proposed->analyte});
    }
    if (holds.empty() && item.outcome.state == study::MessageState::held)
        holds.push_back(
            {0, message_rule(item.outcome), item.proposal.message_type, std::nullopt, {}});
    return holds;
}

void open_hold(StoreWriter::Core& core, const CommitItem& item, const Hold& hold, int number) {
    const std::int64_t source = core.term(item.proposal.source);
    const std::int64_t analyte = core.term(hold.analyte);
    core.db()
        .prepare(
            "INSERT INTO hold(message_id, ordinal, number, rule, source_id, object, who, "
            "opened_us, pending, analyte_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?)")
        .bind(item.arrival.message_id.value, hold.ordinal, number, static_cast<int>(hold.rule),
              source, hold.object, hold.who, item.arrival.received_at.microseconds, analyte)
        .run();
}

struct OpenHold {
    std::int32_t ordinal;
    int number;
    int rule;
    std::string object;
    bool open;
};

std::vector<OpenHold> holds_in_store(StoreWriter::Core& core, MessageId message) {
    std::vector<OpenHold> holds;
    auto query = core.db().prepare(
        "SELECT ordinal, number, rule, object, released_us FROM hold WHERE message_id = ? "
        "ORDER BY ordinal, number");
    query.bind(message.value);
    while (query.step())
        holds.push_back({static_cast<std::int32_t>(query.integer(0)), query.small(1),
                         query.small(2), query.string(3), query.is_null(4)});
    return holds;
}

void release_hold(StoreWriter::Core& core, MessageId message, const OpenHold& hold) {
    core.db()
        .prepare(
            "UPDATE hold SET released_us = ?, pending = 1 "
            "WHERE message_id = ? AND ordinal = ? AND number = ?")
        .bind(core.clock.now().microseconds, message.value, hold.ordinal, hold.number)
        .run();
}

}  // namespace

std::string hold_object(Code rule, const ProposedObservation& observation) {
    const auto found = std::ranges::find(kObjects, rule, &ObjectOf::rule);
    if (found != kObjects.end()) return found->words(observation);
    return code_object(observation);
}

void write_holds(StoreWriter::Core& core, const CommitItem& item, bool again) {
    const std::vector<Hold> wanted = holds_of(core, item);
    if (!again) {
        for (const Hold& hold : wanted) open_hold(core, item, hold, 1);
        return;
    }
    const std::vector<OpenHold> known = holds_in_store(core, item.arrival.message_id);
    const auto same = [](const OpenHold& left, const Hold& right) {
        return left.open && left.ordinal == right.ordinal &&
               left.rule == static_cast<int>(right.rule) && left.object == right.object;
    };
    for (const OpenHold& hold : known)
        if (hold.open && std::ranges::none_of(wanted, [&](const Hold& w) { return same(hold, w); }))
            release_hold(core, item.arrival.message_id, hold);
    for (const Hold& hold : wanted) {
        if (std::ranges::any_of(known, [&](const OpenHold& k) { return same(k, hold); })) continue;
        const auto earlier = std::ranges::count_if(
            known, [&](const OpenHold& k) { return k.ordinal == hold.ordinal; });
        open_hold(core, item, hold, static_cast<int>(earlier) + 1);
    }
}

void write_notices(StoreWriter::Core& core, std::optional<MessageId> cause,
                   std::span<const study::Notice> notices) {
    std::optional<std::int64_t> message;
    if (cause) message = cause->value;
    auto insert = core.db().prepare(
        "INSERT INTO notice(rule, subject_id, detail, message_id, opened_us) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
    for (const study::Notice& notice : notices)
        insert
            .bind(static_cast<int>(notice.code), notice.subject.value, notice.detail, message,
                  core.clock.now().microseconds)
            .run();
}

}  // namespace labrelay::store
