#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/hl7/delimiters.hpp"

namespace labrelay::hl7 {

/// HL7 keeps three kinds of "nothing" apart: not in the message at all, there but empty (`||`: no
/// information), and the explicit null (`""`: delete what you have).
enum class Presence : std::uint8_t { absent, empty, null, value };

/// What a message may cost before it is judged.
struct ParseLimits {
    std::size_t max_segments = 100'000;
};

class Message;

/// A piece of a message at one level (field, repetition, component or sub-component): a view into the
/// message's buffer that must not outlive it. All numbering is HL7's own, from 1. Asking for what is not
/// there gives an absent element, never an error.
class Element {
public:
    Element() = default;

    Presence presence() const;
    bool has_value() const { return presence() == Presence::value; }
    /// As sent, delimiters and escapes included.
    std::string_view raw() const { return raw_; }
    /// Byte offset in Message::text(); Place::kNoOffset when absent.
    std::size_t offset() const { return offset_; }

    /// A field's repetitions; a field without a value has none.
    std::size_t repetition_count() const;
    Element repetition(std::size_t number) const;
    /// Of a field: of its first repetition.
    std::size_t component_count() const;
    Element component(std::size_t number) const;
    std::size_t subcomponent_count() const;
    Element subcomponent(std::size_t number) const;

    /// The leaf's text with escapes decoded, once. Of a higher level: of its first leaf. Explicit null and
    /// nothing are both "".
    std::string text() const;
    /// The whole element's text with escapes decoded and delimiters kept: for free text (TX, FT) whose
    /// writer did not escape.
    std::string text_with_delimiters() const;

private:
    friend class Segment;
    enum class Level : std::uint8_t { field, repetition, component, subcomponent };
    Element(std::string_view raw, std::size_t offset, const Delimiters* delimiters, Level level,
            bool literal)
        : raw_(raw), offset_(offset), delimiters_(delimiters), level_(level), literal_(literal) {}
    Element nth(std::size_t number, char separator, Level level) const;

    std::string_view raw_;
    std::size_t offset_ = static_cast<std::size_t>(-1);
    const Delimiters* delimiters_ = nullptr;
    Level level_ = Level::field;
    bool literal_ = false;  ///< MSH-1 and MSH-2: never split, never unescaped
};

/// One segment of a message; a view like Element.
class Segment {
public:
    std::string_view id() const;         ///< `OBX`
    std::size_t position() const { return position_; }  ///< from 1 among all segments
    std::size_t occurrence() const;      ///< from 1 among the segments of this name: OBX[2]
    std::size_t offset() const;
    std::string_view raw() const;        ///< without its terminator
    std::size_t field_count() const;     ///< the highest field number written
    /// MSH-1 is the separator itself and MSH-2 the encoding characters; likewise FHS and BHS.
    Element field(std::size_t number) const;

private:
    friend class Message;
    Segment(const Message* message, std::size_t position) : message_(message), position_(position) {}
    const Message* message_;
    std::size_t position_;
};

/// An HL7 v2 message in its text form, read by position and not by grammar.
///
/// It owns its text (UTF-8) in one buffer; everything it hands out are views into that buffer, so it can
/// be moved but not copied. Reading never throws on input, keeps every byte (`encode()` gives back what
/// was parsed) and costs time linear in the length. Not for concurrent writing; there is none.
///
/// What breaks HL7's rules without making the message unreadable is a finding.
class Message {
public:
    /// `text` is UTF-8 (see charset.hpp). Refuses only what is not a message: message-empty, msh-missing,
    /// msh-repeated, delimiters-bad, segment-id-bad, too-many-segments; `error.place.offset` says where.
    static Result<Message> parse(std::string text, const ParseLimits& limits = {});

    Message(Message&&) noexcept;
    Message& operator=(Message&&) noexcept;
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;
    ~Message();

    std::string_view text() const;
    const Delimiters& delimiters() const;
    std::size_t segment_count() const;
    Segment segment(std::size_t position) const;  ///< from 1; precondition: position <= segment_count()
    /// The n-th segment of that name.
    std::optional<Segment> find(std::string_view id, std::size_t occurrence = 1) const;
    Segment header() const { return segment(1); }

    const std::vector<Finding>& findings() const;

    /// The message as text again: equal to what was parsed, byte for byte.
    std::string encode() const;

private:
    friend class Segment;
    struct Index;
    explicit Message(std::unique_ptr<Index> index);
    std::unique_ptr<Index> index_;
};

}  // namespace labrelay::hl7
