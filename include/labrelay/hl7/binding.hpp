#pragma once

#include <optional>
#include <vector>

#include "labrelay/hl7/message.hpp"
#include "labrelay/hl7/path.hpp"

namespace labrelay::hl7 {

/// The segments that one OBX belongs to, as positions in the message (0: none). HL7 v2 chapter 7;
/// by position and not by grammar, see binding.md.
struct ObservationBinding {
    std::size_t obx = 0;
    std::size_t pid = 0;
    std::size_t pv1 = 0;
    std::size_t orc = 0;
    std::size_t obr = 0;
    std::size_t spm = 0;
    std::size_t sac = 0;
    std::vector<std::size_t> notes;  ///< NTE segments that follow the OBX
    bool certain = true;             ///< false: held as unbound-observation
    bool specimen_observation =
        false;  ///< OBX of the SPM by the book (2.5 and later), not a result
};

/// What a source says of its own about the order of segments.
struct BindingRules {
    /// OBX-4 holds the SPM-1 of the result's specimen: position says nothing about specimens.
    bool sub_id_names_specimen = false;
};

/// One binding for every OBX of the message, in order.
std::vector<ObservationBinding> bind_observations(const Message& message,
                                                  const BindingRules& rules = {});

/// The scope of one observation: a path to OBX, OBR, ORC, PID, PV1, SPM or SAC finds the bound
/// segment and nothing else, NTE the notes of the OBX, INV what stands with its specimen or
/// container; MSH, SFT and EVN are the message's; a Z-segment belongs to the segment it follows.
/// Every other segment is out of reach. Must not outlive message or binding.
class ObservationScope final : public SegmentScope {
public:
    ObservationScope(const Message& message, const ObservationBinding& binding)
        : message_(message), binding_(binding) {}
    ObservationScope(const Message&&, const ObservationBinding&) = delete;
    ObservationScope(const Message&, const ObservationBinding&&) = delete;
    ObservationScope(const Message&&, const ObservationBinding&&) = delete;
    std::optional<Segment> find(std::string_view id, std::size_t occurrence) const override;

private:
    std::optional<Segment> inventory(std::size_t occurrence) const;
    std::optional<Segment> local(std::string_view id, std::size_t occurrence) const;

    const Message& message_;
    const ObservationBinding& binding_;
};

}  // namespace labrelay::hl7
