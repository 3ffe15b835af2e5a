#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/core/time.hpp"

namespace labrelay {

/// An integer that cannot be mistaken for another kind of integer. 0 is "none".
template <class Tag>
struct StrongId {
    std::int64_t value = 0;

    explicit operator bool() const { return value != 0; }
    friend auto operator<=>(const StrongId&, const StrongId&) = default;
};

using MessageId = StrongId<struct MessageTag>;    ///< 63 bits, ordered by time
using SubjectId = StrongId<struct SubjectTag>;    ///< surrogate of one subject of one study
using SpecimenId = StrongId<struct SpecimenTag>;  ///< surrogate of one specimen row
using ProblemId = StrongId<struct ProblemTag>;

/// An observation of a message: (message, ordinal from 1), the ordinal of its OBX in the message.
struct ObservationId {
    MessageId message;
    std::int32_t ordinal = 0;

    friend auto operator<=>(const ObservationId&, const ObservationId&) = default;
};

/// Crockford base 32, 13 digits, sorts like the number.
std::string to_base32(MessageId id);
/// `<message>-<ordinal>`: the lineage id.
std::string to_string(ObservationId id);
/// Upper and lower case, and Crockford's I, L and O for 1 and 0. Nothing for "none".
std::optional<MessageId> parse_message_id(std::string_view base32);

/// Gives message ids: milliseconds since 2020 (41 bits), node (8 bits), counter (14 bits). Never
/// goes backwards, also when the clock does: it then counts on from the last id, and `not_before`
/// is the last one known from before a restart. Thread-safe; `clock` outlives it. Throws past the
/// year 2089.
class MessageIdSource {
public:
    MessageIdSource(const Clock& clock, std::uint8_t node, MessageId not_before = {});
    MessageId next();

private:
    const Clock& clock_;
    std::uint8_t node_;
    std::mutex mutex_;
    std::int64_t last_ = 0;
};

}  // namespace labrelay

template <class Tag>
struct std::hash<labrelay::StrongId<Tag>> {
    std::size_t operator()(const labrelay::StrongId<Tag>& id) const noexcept {
        return std::hash<std::int64_t>{}(id.value);
    }
};
