#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/hl7/charset.hpp"
#include "labrelay/hl7/delimiters.hpp"

namespace labrelay::hl7 {

/// HL7 keeps three kinds of "nothing" apart: not in the message at all, there but empty (`||`: no
/// information), and the explicit null (`""`: delete what you have).
enum class Presence : std::uint8_t { absent, empty, null, value };

/// How a message's text is read. The tolerances are a source's, off by default; each use of one is
/// a finding.
struct ParseOptions {
    std::size_t max_segments = 100'000;  ///< what a message may cost before it is judged
    Charset charset = Charset::utf_8;    ///< of the bytes in `\X..\`: the one it was decoded from
    bool loose_segment_names = false;    ///< lower case, and blanks around them
    bool join_broken_lines = false;      ///< a line that is no segment belongs to the field before
};

/// What a leaf needs to be decoded.
struct Notation {
    Delimiters delimiters;
    Charset charset = Charset::utf_8;
};

/// What ends the segments: seen after MSH, which decides for the whole message (see message.md).
enum class LineEnd : std::uint8_t { none, cr, lf, crlf };

class Message;
struct MessageIndex;

/// A piece of a message at one level (field, repetition, component or sub-component): a view into
/// the message's buffer that must not outlive it. All numbering is HL7's own, from 1. Asking for
/// what is not there gives an absent element, never an error.
class Element {
public:
    Element() = default;

    Presence presence() const;
    bool has_value() const { return presence() == Presence::value; }
    /// As sent, delimiters and escapes included.
    std::string_view raw() const { return raw_; }
    /// Byte offset in Message::text(); Place::kNoOffset when absent.
    std::size_t offset() const { return offset_; }

    /// How many pieces are written; nothing written has none. Of a field, components are those of
    /// its first repetition, and so on down. Piece 1 of what is there but empty is there but empty.
    std::size_t repetition_count() const;
    Element repetition(std::size_t number) const;
    std::size_t component_count() const;
    Element component(std::size_t number) const;
    std::size_t subcomponent_count() const;
    Element subcomponent(std::size_t number) const;
    /// All of them at once, in time linear in the element (asking by number begins at its start
    /// each time).
    std::vector<Element> repetitions() const;
    std::vector<Element> components() const;
    std::vector<Element> subcomponents() const;

    /// The leaf's text with escapes decoded, once. Of a higher level: of its first leaf. Explicit
    /// null and nothing are both "".
    std::string text() const;
    /// The whole element's text with escapes decoded and delimiters kept: for free text (TX, FT)
    /// whose writer did not escape.
    std::string text_with_delimiters() const;
    /// The sender cut the value: it ends with the truncation character of MSH-2 (2.7 and later).
    bool is_truncated() const;

private:
    friend class Segment;
    enum class Level : std::uint8_t { field, repetition, component, subcomponent };
    Element(std::string_view raw, std::size_t offset, const Notation* notation, Level level,
            bool literal)
        : raw_(raw), offset_(offset), notation_(notation), level_(level), literal_(literal) {}
    Element nth(std::size_t number, char separator, Level level) const;
    std::size_t count(char separator) const;
    std::vector<Element> split(char separator, Level level) const;

    std::string_view raw_;
    std::size_t offset_ = static_cast<std::size_t>(-1);
    const Notation* notation_ = nullptr;
    Level level_ = Level::field;
    bool literal_ = false;  ///< MSH-1 and MSH-2: never split, never unescaped
};

/// One segment of a message; a view like Element, valid for as long as the message lives, wherever
/// it is moved to.
class Segment {
public:
    std::string_view id() const;                        ///< `OBX`
    std::size_t position() const { return position_; }  ///< from 1 among all segments
    std::size_t occurrence() const;  ///< from 1 among the segments of this name: OBX[2]
    std::string label() const;       ///< for places: `OBX`, from the second on `OBX[2]`
    std::size_t offset() const;
    std::string_view raw() const;     ///< without its terminator
    std::size_t field_count() const;  ///< the highest field number written
    /// MSH-1 is the separator itself and MSH-2 the encoding characters; likewise FHS and BHS.
    Element field(std::size_t number) const;

private:
    friend class Message;
    Segment(const MessageIndex* index, std::size_t position) : index_(index), position_(position) {}
    const MessageIndex* index_;
    std::size_t position_;
};

/// An HL7 v2 message in its text form, read by position and not by grammar.
///
/// It owns its text (UTF-8) in one buffer; everything it hands out are views into that buffer, so
/// it can be moved but not copied. Reading never throws on input, keeps every byte (`encode()`
/// gives back what was parsed) and costs time linear in the length. Not for concurrent writing;
/// there is none.
///
/// What breaks HL7's rules without making the message unreadable is a finding.
class Message {
public:
    /// `text` is UTF-8 (see charset.hpp) and is taken over. Refuses only what is not a message:
    /// message-empty, msh-missing, msh-repeated, delimiters-bad, segment-id-bad, too-many-segments,
    /// frame-too-large (4 GiB); `error.place.offset` says where. A batch is cut first (batch.hpp).
    static Result<Message> parse(std::string text, const ParseOptions& options = {});

    Message(Message&&) noexcept;
    Message& operator=(Message&&) noexcept;
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;
    ~Message();

    // What hands out views cannot be called on a temporary message.
    std::string_view text() const&;
    std::string_view text() const&& = delete;
    const Delimiters& delimiters() const&;
    const Delimiters& delimiters() const&& = delete;
    LineEnd line_end() const;
    std::size_t segment_count() const;
    /// From 1; precondition: position <= segment_count().
    Segment segment(std::size_t position) const&;
    Segment segment(std::size_t position) const&& = delete;
    /// The n-th segment of that name, in constant time.
    std::optional<Segment> find(std::string_view id, std::size_t occurrence = 1) const&;
    std::optional<Segment> find(std::string_view id, std::size_t occurrence = 1) const&& = delete;
    std::size_t count(std::string_view id) const;  ///< segments of that name
    Segment header() const& { return segment(1); }
    Segment header() const&& = delete;

    const std::vector<Finding>& findings() const&;
    const std::vector<Finding>& findings() const&& = delete;

    /// `OBX[2]-5` for a byte of text().
    Place place_of(std::size_t offset) const;

    /// The message as text again: equal to what was parsed, byte for byte.
    std::string encode() const;

private:
    explicit Message(std::unique_ptr<MessageIndex> index);
    std::unique_ptr<MessageIndex> index_;
};

/// One finding escape-unknown for each field, at most 100, that holds an escape which unescape()
/// keeps as it stands. Not part of findings(), because it looks into every field.
std::vector<Finding> find_unknown_escapes(const Message& message);

}  // namespace labrelay::hl7
