#pragma once

#include <optional>
#include <string>

#include "labrelay/hl7/binding.hpp"
#include "labrelay/mapping/apply.hpp"
#include "notes.hpp"

namespace labrelay::mapping {

/// When the specimen was taken, as sent and as seen in the source's zone; nothing where it is held.
struct Collection {
    std::optional<Timestamp> time;
    std::optional<LocalTime> local;
    bool from_message = false;  ///< else from the specimen registry
};

/// The source's path (without one SPM-17, OBR-7, OBX-14), else the registered specimen, else the
/// path that the source names for after the registry. Holds: codes 510 to 514.
Collection read_collection(const MappingContext& context, const hl7::ObservationBinding& binding,
                           const study::RegisteredSpecimen* registered, Notes& notes);

struct VersionTime {
    Instant instant;
    bool own = false;  ///< the result's (OBX-19, OBR-22), not the message's
};

/// When a version of a result was made: OBX-19, else OBR-22, else MSH-7, else the time of arrival.
/// Reads one message's times and remembers the last of each, because its observations repeat them.
/// One thread.
class VersionTimes {
public:
    explicit VersionTimes(const MappingContext& context) : context_(context) {}
    VersionTime read(const hl7::ObservationBinding& binding, Notes& notes);
    /// OBR-22, else MSH-7, as sent.
    std::string reported_at(const hl7::ObservationBinding& binding) const;

private:
    struct Remembered {
        std::string text;
        std::optional<Instant> instant;
    };
    std::optional<Instant> instant_of(const hl7::Segment& segment, std::size_t field,
                                      Remembered& last, Notes& notes);

    const MappingContext& context_;
    Remembered analysed_;
    Remembered reported_;
    Remembered sent_;
};

/// `2024-04-22 08:10`; the day alone where that is all that is known.
std::string clock_text(const LocalTime& local);

}  // namespace labrelay::mapping
