#include "store_items.hpp"

#include <fmt/format.h>
#include "labrelay/crypto/digest.hpp"

namespace labrelay::testing {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

Timestamp hl7_time(std::string_view text) {
    return parse_hl7_time(text).value();
}

LocalTime local_of(const Timestamp& time) {
    LocalTime local;
    local.day = time.day;
    local.time_of_day = time.time_of_day;
    local.has_time = time.has_time();
    local.instant = Instant{1'779'000'000'000'000};
    local.offset_from = LocalTime::OffsetFrom::zone;
    return local;
}

study::ResultValue a_value(std::int32_t ordinal) {
    study::ResultValue value;
    value.value_reported = fmt::format("{}.50", 400 + ordinal);
    value.unit_reported = "cells/uL";
    value.range_reported = "500-1500";
    value.flags_reported = "L";
    value.value_text = value.value_reported;
    value.value_num = Decimal::parse(value.value_reported);
    value.unit = "/uL";
    value.conversion_rule = "analyte-list:cells/uL";
    value.ref_low = Decimal::parse("500");
    value.ref_high = Decimal::parse("1500");
    value.range_flag = "LOW";
    value.lloq = Decimal(5, 0);
    value.uloq = Decimal(5000, 0);
    value.least = value.value_num->minus(Decimal(1, 3));
    value.most = value.value_num->plus(Decimal(1, 3));
    value.grade = "1-2";
    value.grade_scale = "SCALE";
    value.state = units::ResultState::quantified;
    return value;
}

std::string text_of(const std::optional<Decimal>& number) {
    return number ? number->to_string() : "-";
}

std::string text_of(const std::optional<Timestamp>& time) {
    if (!time) return "-";
    return fmt::format("{}|{}|{}|{}|{}", time->text, static_cast<int>(time->precision),
                       to_string(time->day), time->time_of_day.count(),
                       time->offset ? std::to_string(time->offset->count()) : "-");
}

std::string text_of(const std::optional<LocalTime>& time) {
    if (!time) return "-";
    return fmt::format("{}|{}|{}|{}|{}", to_string(time->day), time->time_of_day.count(),
                       time->has_time, time->instant ? time->instant->microseconds : -1,
                       static_cast<int>(time->offset_from));
}

}  // namespace

StoreItem::StoreItem(std::int64_t message_id, std::string control_id) {
    arrival.message_id = MessageId{message_id};
    arrival.received_at = Instant{1'780'000'000'000'000 + message_id * kSecondUs};
    arrival.port = 2575;
    arrival.peer = "127.0.0.1";
    arrival.certificate = "5e1a";
    arrival.ack_id = fmt::format("ACK{}", message_id);
    bytes = fmt::format("MSH|^~\\&|FACSLYRIC|QILU-FLOW|||20260711||ORU^R01|{}|P|2.5\r", control_id);
    proposal.message_id = arrival.message_id;
    proposal.received_at = arrival.received_at;
    proposal.source = "facs-lyric";
    proposal.control_id = std::move(control_id);
    proposal.message_type = "ORU^R01";
    proposal.version = "2.5";
    proposal.message_time = "20260711";
    proposal.sameness = crypto::sha256(bytes);
    proposal.forwards = true;
    proposal.config_hash = "c0ffee";
    proposal.registry_version = 3;
    answer.code = hl7::AckCode::aa;
    answer.bytes = "MSH|^~\\&|\rMSA|AA|" + proposal.control_id + "\r";
}

study::ProposedObservation& StoreItem::observe(study::Disposition disposition, Code rule) {
    study::ProposedObservation observation;
    observation.ordinal = static_cast<std::int32_t>(proposal.observations.size()) + 1;
    observation.place = {fmt::format("OBX[{}]", observation.ordinal), 100};
    observation.disposition = disposition;
    observation.rule = rule;
    observation.lineage = {{"map.code", plain("CD3+CD4+ in cells/uL is CD4A")}};
    observation.patient = {{"QILU-MRN", "00481523"}};
    observation.specimen = {"ORD1", fmt::format("SP{}", arrival.message_id.value), ""};
    observation.code = fmt::format("C{}", observation.ordinal);
    observation.code_system = "99BD";
    observation.code_text = "a code";
    observation.analyte = "CD4A";
    observation.status = study::ObservationStatus::final;
    observation.status_code = "F";
    observation.value = a_value(observation.ordinal);
    observation.collected = hl7_time("20260710081500+0800");
    observation.collected_local = local_of(*observation.collected);
    observation.version_time = Instant{1'779'500'000'000'000 + arrival.message_id.value};
    observation.reported_at = "20260711";
    observation.laboratory = "QILU-FLOW";
    observation.method = "flow";
    observation.device = "LYRIC-1";
    study::DecidedObservation decided;
    decided.ordinal = observation.ordinal;
    decided.disposition = disposition;
    decided.rule = rule;
    outcome.observations.push_back(decided);
    ++outcome.counts.received;
    bytes += fmt::format("OBX|{}|NM|{}^^99BD||{}|cells/uL|500-1500|L|||F\r", observation.ordinal,
                         observation.code, observation.value.value_reported);
    proposal.observations.push_back(std::move(observation));
    return proposal.observations.back();
}

StoreItem& StoreItem::stored(std::int64_t number, SubjectId subject) {
    study::ProposedObservation& observation = observe(study::Disposition::stored, Code::none);
    observation.subjects = {subject};
    ++outcome.counts.stored;
    study::ResultChange change;
    change.after.number = number;
    change.after.key = {subject, proposal.source, observation.specimen, observation.code, "", ""};
    change.after.versions = {version_of(*this, observation)};
    change.after.placement.visit = "M3";
    change.after.placement.kind = study::VisitKind::scheduled;
    change.after.placement.study_day = 91;
    change.value_changed = true;
    change.placement_changed = true;
    outcome.changes.push_back(std::move(change));
    return *this;
}

StoreItem& StoreItem::held(Code rule, std::string code) {
    observe(study::Disposition::held, rule).code = std::move(code);
    ++outcome.counts.held;
    outcome.state = study::MessageState::held;
    return *this;
}

StoreItem& StoreItem::ignored(Code rule) {
    observe(study::Disposition::ignored, rule);
    ++outcome.counts.ignored;
    return *this;
}

StoreItem& StoreItem::awaiting(std::string what) {
    outcome.awaiting.push_back(std::move(what));
    return *this;
}

StoreItem& StoreItem::duplicate_of(MessageId original) {
    outcome.state = study::MessageState::duplicate;
    outcome.duplicate_of = original;
    return *this;
}

StoreItem& StoreItem::refused(Code rule) {
    outcome.state = study::MessageState::refused;
    outcome.findings.push_back({rule, Severity::refuse, {}, {}, {}});
    answer.code = hl7::AckCode::ae;
    return *this;
}

study::StoredVersion version_of(const StoreItem& item,
                                const study::ProposedObservation& observation) {
    study::StoredVersion version;
    version.id = {item.arrival.message_id, observation.ordinal};
    version.status = observation.status;
    version.status_code = observation.status_code;
    version.version_time = observation.version_time;
    version.analyte = observation.analyte;
    version.value = observation.value;
    version.collected = observation.collected;
    version.collected_local = observation.collected_local;
    version.registered_visit = observation.registered_visit;
    version.reported_at = observation.reported_at;
    version.laboratory = observation.laboratory;
    version.method = observation.method;
    version.forwards = item.proposal.forwards;
    return version;
}

std::string as_text(const study::StoredVersion& version) {
    std::string inputs;
    for (const ObservationId& input : version.inputs)
        fmt::format_to(std::back_inserter(inputs), "{}.{} ", input.message.value, input.ordinal);
    const study::ResultValue& value = version.value;
    return fmt::format(
        "{}.{} inputs [{}] status {} {} at {} {} reported '{}' '{}' '{}' '{}' cmp {} text '{}' num "
        "{} "
        "unit '{}' rule '{}' ref {} {} flag '{}' lloq {} uloq {} stands for {} {} state {} "
        "grade {} {} collected {} local {} "
        "visit '{}' reported '{}' lab '{}' method '{}' forwards {}",
        version.id.message.value, version.id.ordinal, inputs, static_cast<int>(version.status),
        version.status_code, version.version_time.microseconds, version.analyte,
        value.value_reported, value.unit_reported, value.range_reported, value.flags_reported,
        static_cast<int>(value.comparator), value.value_text, text_of(value.value_num), value.unit,
        value.conversion_rule, text_of(value.ref_low), text_of(value.ref_high), value.range_flag,
        text_of(value.lloq), text_of(value.uloq), text_of(value.least), text_of(value.most),
        static_cast<int>(value.state), value.grade, value.grade_scale, text_of(version.collected),
        text_of(version.collected_local), version.registered_visit, version.reported_at,
        version.laboratory, version.method, version.forwards);
}

std::string as_text(const study::ResultRecord& record) {
    const study::ResultKey& key = record.key;
    const study::Placement& place = record.placement;
    std::string text = fmt::format(
        "#{} subject {} {} [{}|{}|{}] {} '{}' derived '{}' current {} visit {} kind {} role {} day "
        "{} forwarded {} placement {} delivered {}",
        record.number, key.subject.value, key.source, key.specimen.order, key.specimen.specimen_id,
        key.specimen.collected, key.code, key.sub_id, key.derived, record.current, place.visit,
        static_cast<int>(place.kind), static_cast<int>(place.role), place.study_day.value_or(-9999),
        place.forwarded, record.placement_version, record.delivered);
    for (const study::StoredVersion& version : record.versions) text += "\n  " + as_text(version);
    return text;
}

study::Subject a_subject(std::string screening_no, std::string mrn) {
    study::Subject subject;
    subject.study = "NCT05872659";
    subject.site = "QILU";
    subject.screening_no = std::move(screening_no);
    subject.identifiers = {{"QILU-MRN", std::move(mrn)}};
    subject.sex = study::Sex::female;
    subject.birth_date = parse_iso_time("1980-02").value();
    subject.consent_date = parse_iso_time("2026-01-05").value();
    return subject;
}

}  // namespace labrelay::testing
