#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "labrelay/hl7/message.hpp"
#include "labrelay/store/message_list.hpp"
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

/// A message's bytes as one person may see them: fields that say who somebody is are masked until
/// they are revealed, what the person is blinded to always. What stands in a masked field is masked
/// wherever else it stands. The original's bytes and their decoded text are masked by the same
/// marks. Bytes that cannot be read as a message are masked whole. Borrows the detail and sight.
class ShownMessage {
public:
    /// `patients`: where besides the one table the message may say whose it is.
    ShownMessage(const store::MessageDetail& detail, const Sight& sight, bool revealed,
                 FieldPlaces patients = {});

    /// Nothing of it is masked.
    bool is_open() const { return open_; }
    /// A closed result is among it: then no size, place or digest is told either, because these
    /// would tell how long it is or which one it is.
    bool keeps_back() const { return keeps_back_; }
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
    void mark(bool revealed);
    void mark_blinded();
    void hide(std::size_t from, std::size_t length);
    std::string without_kept_back(std::string bytes) const;
    void keep_back(const hl7::Element& element);
    void withhold(const hl7::Segment& segment, std::span<const WithheldFields> ranges);
    bool is_withheld(std::size_t position, std::size_t field) const;
    std::size_t shown_fields(const hl7::Segment& segment) const;
    bool kept_back(std::size_t from) const;
    void hide_known_values();
    void hide_everywhere(std::string_view value);
    bool hidden(std::size_t from, std::size_t length) const;
    bool fully_hidden(std::size_t from, std::size_t length) const;
    std::string shown(std::size_t from, std::size_t length) const;
    std::string leaf(const hl7::Element& element) const;
    void add_place(nlohmann::ordered_json& json, const hl7::Element& element) const;
    nlohmann::ordered_json field_json(const hl7::Segment& segment, std::size_t number) const;

    const store::MessageDetail& detail_;
    const Sight& sight_;
    FieldPlaces patients_;
    bool open_ = true;
    bool keeps_back_ = false;
    std::optional<hl7::Message> message_;
    std::string text_;                   ///< decoded; the bytes where they cannot be decoded
    std::vector<std::size_t> original_;  ///< by byte of text_, one more at the end; empty: unknown
    std::vector<bool> hidden_;           ///< by byte of text_
    std::vector<bool> kept_back_;        ///< the same, of what is closed to the person
    std::map<std::size_t, std::span<const WithheldFields>> withheld_;  ///< by segment's position
};

/// Steps of a lineage as they are shown to the person: what names a result that is closed to them
/// says so and nothing else.
nlohmann::ordered_json step_json(const study::LineageStep& step, const ShownMessage& message,
                                 const Sight& sight);

/// One line of a list.
nlohmann::ordered_json message_json(const store::LedgerMessage& message);
/// What is closed to the person counts in no message.
void count_open(study::Counts& counts, std::span<const store::AnalyteCount> lines,
                const Sight& sight);
/// The page of a message, without repairs.
nlohmann::ordered_json message_json(const store::MessageDetail& detail, const ShownMessage& shown,
                                    const Sight& sight);
/// Segment by segment against the last good one.
nlohmann::ordered_json diff_json(const ShownMessage& before, const ShownMessage& now);

}  // namespace labrelay::views
