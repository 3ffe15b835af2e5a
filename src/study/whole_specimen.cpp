#include "whole_specimen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace labrelay::study {
namespace {

bool is_withdrawn(const ResultRecord& record) {
    return record.current_version().status == ObservationStatus::withdrawn;
}

/// How a person finds it: as the laboratory names it.
std::string name_of(const TouchedSpecimen& touched) {
    const SpecimenIdentity& specimen = *touched.specimen;
    std::string name = specimen.order;
    for (const std::string* part : {&specimen.specimen_id, &specimen.collected}) {
        if (!part->empty()) {
            name += (name.empty() ? "" : " ") + *part;
        }
    }
    return fmt::format("{}: {}", touched.source, name);
}

bool whole_withdrawn(SubjectDraft& draft, MessageId message, const TouchedSpecimen& touched) {
    bool had_value = false;
    bool by_this_message = false;
    for (const SubjectDraft::Index index : draft.of_specimen(touched.source, *touched.specimen)) {
        const ResultRecord& record = draft.at(index);
        if (!record.key.derived.empty() || !stands(record.taken)) {
            continue;
        }
        if (!is_withdrawn(record)) {
            return false;
        }
        const ResultRecord* before = draft.stored(index);
        had_value =
            had_value || (before != nullptr && stands(before->taken) && !is_withdrawn(*before));
        by_this_message = by_this_message || record.current_version().id.message == message;
    }
    return had_value && by_this_message;
}

}  // namespace

std::vector<Notice> withdrawn_whole(SubjectDraft& draft, MessageId message,
                                    std::span<const TouchedSpecimen> touched) {
    std::vector<Notice> notices;
    for (const TouchedSpecimen& specimen : touched) {
        if (whole_withdrawn(draft, message, specimen)) {
            notices.push_back(
                {Code::withdrawn_whole_specimen, draft.subject().id, name_of(specimen)});
        }
    }
    return notices;
}

}  // namespace labrelay::study
