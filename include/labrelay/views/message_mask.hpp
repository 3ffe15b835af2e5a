#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "labrelay/hl7/message.hpp"
#include "labrelay/store/message_query.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::views {

/// Fields of segments: `PID`, 3.
using FieldPlaces = std::set<std::pair<std::string, std::size_t>, std::less<>>;
/// Where messages of the source, by any alternative of any line, say whose they are; a source that
/// is not known: those of all sources.
void add_patient_places(const mapping::Configuration& configuration, std::string_view source,
                        FieldPlaces& places);

/// From one field to another, both included.
struct WithheldFields {
    std::size_t first = 1;
    std::size_t last = 1;
};
inline constexpr std::size_t kToTheEnd = static_cast<std::size_t>(-1);

/// Which bytes of a message's decoded text one person does not see. What is hidden shows how long
/// it is; what is kept back, because it is closed to them, shows as one mark whatever stands there.
/// A value.
class MessageMask {
public:
    explicit MessageMask(std::size_t size = 0) : hidden_(size, false), kept_back_(size, false) {}

    void hide(std::size_t from, std::size_t length);
    void keep_back(std::size_t from, std::size_t length);
    void keep_back(const hl7::Element& element);
    /// Keeps fields of the segment back, also where they are missing. `ranges` in ascending order;
    /// must outlive the mask.
    void withhold(const hl7::Segment& segment, std::span<const WithheldFields> ranges);

    /// Nothing is hidden.
    bool is_open() const { return open_; }
    /// Something is kept back.
    bool keeps_back() const { return keeps_back_; }
    bool hidden(std::size_t byte) const { return hidden_[byte]; }
    bool hidden(std::size_t from, std::size_t length) const;        ///< some of it
    bool fully_hidden(std::size_t from, std::size_t length) const;  ///< all of it
    bool kept_back(std::size_t byte) const;
    /// By the segment's position, and the field's number.
    bool is_withheld(std::size_t position, std::size_t field) const;
    std::size_t shown_fields(const hl7::Segment& segment) const;
    /// The place names something that is kept back, or stands in it.
    bool covers(const Place& place, const hl7::Message& message) const;

private:
    bool open_ = true;
    bool keeps_back_ = false;
    std::vector<bool> hidden_;     ///< by byte of the text
    std::vector<bool> kept_back_;  ///< the same, of what is closed to the person
    std::map<std::size_t, std::span<const WithheldFields>> withheld_;  ///< by segment's position
};

/// Fields that say who somebody is, by the one table and by `patients`, and what stands in them
/// wherever else it stands, until that is revealed; what is closed to the person always.
MessageMask mask_of(const hl7::Message& message, const store::MessageDetail& detail,
                    const Sight& sight, bool revealed, const FieldPlaces& patients);
/// Of what cannot be read as a message: nobody can say what stands where.
MessageMask mask_of_unreadable(std::size_t size, const Sight& sight, bool revealed);

}  // namespace labrelay::views
