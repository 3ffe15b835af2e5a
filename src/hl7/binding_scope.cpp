#include <algorithm>
#include <array>

#include "labrelay/hl7/binding.hpp"
#include "message_index.hpp"

namespace labrelay::hl7 {
namespace {

/// A segment that segments of the sender's own may follow and belong to.
bool is_owner(std::string_view id) {
    switch (pack_name(id)) {
        case pack_name("PID"):
        case pack_name("PV1"):
        case pack_name("ORC"):
        case pack_name("OBR"):
        case pack_name("SPM"):
        case pack_name("SAC"):
        case pack_name("OBX"):
            return true;
        default:
            return false;
    }
}

}  // namespace

std::optional<Segment> ObservationScope::find(std::string_view id, std::size_t occurrence) const {
    if (id.size() != 3 || occurrence == 0) {
        return std::nullopt;
    }
    const auto only = [&](std::size_t position) {
        return position == 0 || occurrence != 1 ? std::nullopt
                                                : std::optional(message_.segment(position));
    };
    switch (pack_name(id)) {
        case pack_name("OBX"):
            return only(binding_.obx);
        case pack_name("OBR"):
            return only(binding_.obr);
        case pack_name("ORC"):
            return only(binding_.orc);
        case pack_name("PID"):
            return only(binding_.pid);
        case pack_name("PV1"):
            return only(binding_.pv1);
        case pack_name("SPM"):
            return only(binding_.spm);
        case pack_name("SAC"):
            return only(binding_.sac);
        case pack_name("NTE"):
            return occurrence <= binding_.notes.size()
                       ? std::optional(message_.segment(binding_.notes[occurrence - 1]))
                       : std::nullopt;
        case pack_name("INV"):
            return inventory(occurrence);
        case pack_name("MSH"):
        case pack_name("SFT"):
        case pack_name("EVN"):
            return message_.find(id, occurrence);
        default:
            return id.front() == 'Z' ? local(id, occurrence) : std::nullopt;
    }
}

/// INV directly after the specimen's SPM or its SAC: what it holds. After an OBX they are the
/// reagents of the run.
std::optional<Segment> ObservationScope::inventory(std::size_t occurrence) const {
    for (const std::size_t owner : {binding_.spm, binding_.sac}) {
        if (owner == 0) {
            continue;
        }
        for (std::size_t position = owner + 1;
             position <= message_.segment_count() && message_.segment(position).id() == "INV";
             ++position) {
            if (--occurrence == 0) {
                return message_.segment(position);
            }
        }
    }
    return std::nullopt;
}

/// A segment of the sender's own belongs to the segment that it follows, and to the whole message
/// where that is the header. Where it is the only one of its name and the message has one patient,
/// one order and one specimen, there is nothing else that it could belong to.
std::optional<Segment> ObservationScope::local(std::string_view id, std::size_t occurrence) const {
    std::array<std::size_t, 8> owners{1,
                                      binding_.pid,
                                      binding_.pv1,
                                      binding_.orc,
                                      binding_.obr,
                                      binding_.spm,
                                      binding_.sac,
                                      binding_.obx};
    std::sort(owners.begin(), owners.end());
    std::size_t left = occurrence;
    for (const std::size_t owner : owners) {
        for (std::size_t position = owner + 1; owner != 0 && position <= message_.segment_count() &&
                                               !is_owner(message_.segment(position).id());
             ++position) {
            if (message_.segment(position).id() == id && --left == 0) {
                return message_.segment(position);
            }
        }
    }
    const bool one_of_all = message_.count(id) == 1 && message_.count("PID") <= 1 &&
                            message_.count("OBR") <= 1 && message_.count("SPM") <= 1;
    return one_of_all && occurrence == 1 ? message_.find(id) : std::nullopt;
}

}  // namespace labrelay::hl7
