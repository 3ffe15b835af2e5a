#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "labrelay/delivery/outbox.hpp"

namespace labrelay::targets {

/// Builds a DeliveredResult of one version; every value synthetic.
///     a_result("R1").of("S-004").analyte("CD4A", "412", "/uL").at_visit("M3", 92)
class ResultBuilder {
public:
    explicit ResultBuilder(std::string_view id) {
        result_.result_id = id;
        result_.study = "NCT05872659";
        result_.site = "QILU";
        result_.subject = "S-004";
        result_.specimen = "A260701";
        result_.record.number = 1;
        result_.record.placement.kind = study::VisitKind::unscheduled;
        version();
    }

    ResultBuilder& of(std::string_view subject) {
        result_.subject = subject;
        return *this;
    }
    ResultBuilder& analyte(std::string_view key, std::string_view value, std::string_view unit) {
        study::StoredVersion& now = last();
        now.analyte = key;
        now.value.value_reported = value;
        now.value.value_text = value;
        now.value.value_num = Decimal::parse(value);
        now.value.unit = unit;
        now.value.state = units::ResultState::quantified;
        return *this;
    }
    ResultBuilder& without_number(units::ResultState state, std::string_view text) {
        last().value.state = state;
        last().value.value_text = text;
        last().value.value_num.reset();
        return *this;
    }
    ResultBuilder& at_visit(std::string_view visit, std::optional<int> study_day) {
        result_.record.placement.visit = visit;
        result_.record.placement.kind = study::VisitKind::scheduled;
        result_.record.placement.study_day = study_day;
        return *this;
    }
    ResultBuilder& outside_visits(study::VisitKind kind, std::optional<int> study_day) {
        result_.record.placement.visit.clear();
        result_.record.placement.kind = kind;
        result_.record.placement.study_day = study_day;
        return *this;
    }
    ResultBuilder& role(study::Role role) {
        result_.record.placement.role = role;
        return *this;
    }
    ResultBuilder& collected(std::string_view hl7, std::int64_t utc_us) {
        last().collected = *parse_hl7_time(hl7);
        LocalTime local;
        local.instant = Instant{utc_us};
        last().collected_local = local;
        return *this;
    }
    ResultBuilder& status(study::ObservationStatus status, std::string_view code) {
        last().status = status;
        last().status_code = code;
        return *this;
    }
    /// The next version, a copy of the one before; it becomes the current one.
    ResultBuilder& next_version() {
        result_.record.versions.push_back(last());
        ++next_id_;
        finish_version();
        return *this;
    }
    ResultBuilder& derived(std::string_view analyte, std::vector<ObservationId> inputs,
                           std::vector<std::string> from) {
        result_.record.key.derived = analyte;
        last().inputs = std::move(inputs);
        result_.derived_from = std::move(from);
        return *this;
    }
    ResultBuilder& not_forwarded() {
        result_.record.placement.forwarded = false;
        return *this;
    }
    ResultBuilder& reason(std::string_view reason) {
        result_.reason = reason;
        return *this;
    }
    delivery::DeliveredResult& edit() { return result_; }
    operator delivery::DeliveredResult() const { return result_; }

private:
    study::StoredVersion& last() { return result_.record.versions.back(); }
    void version() {
        result_.record.versions.emplace_back();
        finish_version();
    }
    void finish_version() {
        last().id = ObservationId{MessageId{next_id_}, 1};
        last().status_code = "F";
        result_.record.current = result_.record.versions.size() - 1;
        result_.received_at.push_back("2026-07-01T08:00:00.000000Z");
        result_.config_hash.push_back("c0ffee");
    }

    delivery::DeliveredResult result_;
    std::int64_t next_id_ = 1000;
};

inline ResultBuilder a_result(std::string_view id) {
    return ResultBuilder(id);
}

inline delivery::Delivery a_delivery(std::int64_t id,
                                     std::vector<delivery::DeliveredResult> results) {
    delivery::Delivery delivery;
    delivery.id = id;
    delivery.target = "study";
    delivery.subject = SubjectId{7};
    delivery.results = std::move(results);
    return delivery;
}

}  // namespace labrelay::targets
