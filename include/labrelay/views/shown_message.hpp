#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/hl7/message.hpp"
#include "labrelay/store/message_query.hpp"
#include "labrelay/views/message_mask.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::views {

/// A message's bytes as one person may see them: fields that say who somebody is are masked until
/// they are revealed, what the person is blinded to always. What stands in a masked field is masked
/// wherever else it stands. The original's bytes and their decoded text are masked by the same
/// marks. Bytes that cannot be read as a message are masked whole. Borrows the detail and sight.
class ShownMessage {
public:
    /// `patients`: where besides the one table the message may say whose it is.
    ShownMessage(const store::MessageDetail& detail, const Sight& sight, bool revealed,
                 const FieldPlaces& patients = {});

    /// Nothing of it is masked.
    bool is_open() const { return mask_.is_open(); }
    /// A closed result is among it: then no size, place or digest is told either, because these
    /// would tell how long it is or which one it is.
    bool keeps_back() const { return mask_.keeps_back(); }
    /// The place lies in what is closed: what was found there would tell of it.
    bool keeps_back(const Place& place) const;
    nlohmann::ordered_json segments() const;
    std::string raw() const;    ///< UTF-8, a masked character as U+2022
    std::string bytes() const;  ///< as received, a masked byte as `*`, what is closed as `***`

    struct Line {
        std::string id;
        std::string key;  ///< what lines of two messages are paired by
        std::string text;
        std::vector<std::string> plain;  ///< fields from 1 on, never shown: to tell what differs
    };
    std::vector<Line> lines() const;
    /// Where a byte of the decoded text stands in the original; nothing where that is not known.
    std::optional<std::size_t> original(std::size_t offset) const;
    std::size_t length_at(std::size_t offset) const;  ///< of the component that begins there
    /// The place with its bytes in the original, as long as what its text names: a segment, a
    /// field, a repetition, a component or a sub-component. Without bytes where they are not known.
    nlohmann::ordered_json place_json(const Place& place) const;

private:
    void decode();
    std::string without_kept_back(std::string bytes) const;
    bool separates(char c) const;
    bool begins_with_separator(std::size_t byte) const;
    std::string shown(std::size_t from, std::size_t length) const;
    std::string leaf(const hl7::Element& element) const;
    bool is_withheld(const hl7::Segment& segment, std::size_t number,
                     const hl7::Element& field) const;
    void add_place(nlohmann::ordered_json& json, const hl7::Element& element) const;
    nlohmann::ordered_json field_json(const hl7::Segment& segment, std::size_t number) const;

    const store::MessageDetail& detail_;
    const Sight& sight_;
    std::optional<hl7::Message> message_;
    std::string text_;                   ///< decoded; the bytes where they cannot be decoded
    std::vector<std::size_t> original_;  ///< by byte of text_, one more at the end; empty: unknown
    MessageMask mask_;                   ///< of text_
};

}  // namespace labrelay::views
