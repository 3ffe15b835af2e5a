#include <map>
#include <string>
#include <utility>

#include "binding_group.hpp"

namespace labrelay::hl7 {
namespace {

/// The specimens of a message by the number that its sender gave them.
struct NamedSpecimen {
    std::size_t pid = 0;  ///< the last before it
    std::string set_id;
    std::size_t spm = 0;
    std::size_t sac = 0;
    bool certain = true;  ///< one container at most, and nobody else has this number
};

std::vector<NamedSpecimen> named_specimens(const Message& message) {
    std::vector<NamedSpecimen> specimens;
    std::size_t pid = 0;
    bool open = false;
    for (std::size_t position = 1; position <= message.segment_count(); ++position) {
        const Segment segment = message.segment(position);
        if (segment.id() == "PID") {
            pid = position;
            open = false;
        } else if (segment.id() == "SPM") {
            specimens.push_back({pid, segment.field(1).text(), position, 0, true});
            open = true;
        } else if (segment.id() == "OBR" || segment.id() == "ORC") {
            open = false;
        } else if (segment.id() == "SAC" && open) {
            specimens.back().certain = specimens.back().certain && specimens.back().sac == 0;
            specimens.back().sac = position;
        }
    }
    return specimens;
}

/// `1`, `1.2` and `1/2` name the specimen 1.
std::string_view specimen_number(std::string_view sub_id) {
    return sub_id.substr(0, sub_id.find_first_of("./-"));
}

}  // namespace

void bind_by_sub_id(const Message& message, std::vector<ObservationBinding>& bindings) {
    using Key = std::pair<std::size_t, std::string>;
    std::map<Key, NamedSpecimen> by_number;
    for (NamedSpecimen& specimen : named_specimens(message)) {
        const Key key{specimen.pid, specimen.set_id};
        const auto [found, added] = by_number.emplace(key, std::move(specimen));
        found->second.certain = found->second.certain && added && !key.second.empty();
    }
    for (ObservationBinding& binding : bindings) {
        const std::string sub_id = message.segment(binding.obx).field(4).text();
        const auto found = by_number.find({binding.pid, std::string(specimen_number(sub_id))});
        if (found == by_number.end()) {
            binding.certain = binding.certain && by_number.empty();
            continue;
        }
        binding.spm = found->second.spm;
        binding.sac = found->second.sac;
        binding.certain = binding.certain && found->second.certain;
    }
}

}  // namespace labrelay::hl7
