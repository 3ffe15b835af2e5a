#include "candidate_version.hpp"

namespace labrelay::study {
namespace {

void empty_value(ResultValue& value, units::ResultState state) {
    value.comparator = units::Comparator::none;
    value.value_text = state == units::ResultState::withdrawn ? "WITHDRAWN" : "NOT DONE";
    value.value_num.reset();
    value.range_flag.clear();
    value.state = state;
}

void take_value_by_status(StoredVersion& version) {
    switch (version.status) {
        case ObservationStatus::withdrawn:
            empty_value(version.value, units::ResultState::withdrawn);
            return;
        case ObservationStatus::not_done:
            empty_value(version.value, units::ResultState::not_done);
            return;
        case ObservationStatus::preliminary:
        case ObservationStatus::final:
        case ObservationStatus::corrected:
        case ObservationStatus::promoted:
            return;
    }
}

}  // namespace

StoredVersion candidate_version(const Proposal& proposal, const ProposedObservation& observation) {
    StoredVersion version;
    version.id = {proposal.message_id, observation.ordinal};
    version.status = observation.status;
    version.status_code = observation.status_code;
    version.version_time = observation.version_time;
    version.analyte = observation.analyte;
    version.value = observation.value;
    version.collected = observation.collected;
    version.collected_local = observation.collected_local;
    version.registered_visit = observation.registered_visit;
    version.visit_by_person = observation.visit_by_person;
    version.reported_at = observation.reported_at;
    version.laboratory = observation.laboratory;
    version.method = observation.method;
    version.forwards = proposal.forwards;
    take_value_by_status(version);
    return version;
}

void complete_from(StoredVersion& version, const StoredVersion& earlier) {
    if (version.analyte.empty()) {
        version.analyte = earlier.analyte;
    }
    if (!version.collected && !version.collected_local) {
        version.collected = earlier.collected;
        version.collected_local = earlier.collected_local;
    }
}

std::string_view lineage_rule(ObservationStatus status) {
    switch (status) {
        case ObservationStatus::preliminary:
            return "version.preliminary";
        case ObservationStatus::final:
            return "version.final";
        case ObservationStatus::corrected:
            return "version.correction";
        case ObservationStatus::promoted:
            return "version.promotion";
        case ObservationStatus::not_done:
            return "version.not-done";
        case ObservationStatus::withdrawn:
            return "version.withdrawal";
    }
    return "version";
}

}  // namespace labrelay::study
