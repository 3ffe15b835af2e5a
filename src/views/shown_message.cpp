#include "labrelay/views/shown_message.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "labrelay/views/hl7_names.hpp"
#include "labrelay/views/masking.hpp"

namespace labrelay::views {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kBullet = "\xe2\x80\xa2";
constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
/// What is closed, however long it is.
constexpr std::string_view kKeptBack = "\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2";
constexpr std::string_view kKeptBackBytes = "***";

bool is_ascii(char c) {
    return static_cast<unsigned char>(c) < 0x80;
}

bool begins_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

/// Where each byte of the decoded text stands in the original. ASCII is one byte in every
/// character set that is read; what stands between is written back in one piece. Empty where the
/// sizes do not come out.
std::vector<std::size_t> originals(std::string_view text, hl7::Charset charset, std::size_t first,
                                   std::size_t size) {
    std::vector<std::size_t> places(text.size() + 1);
    std::size_t at = first;
    for (std::size_t begin = 0; begin < text.size();) {
        if (is_ascii(text[begin])) {
            places[begin++] = at++;
            continue;
        }
        std::size_t end = begin;
        while (end < text.size() && !is_ascii(text[end])) {
            ++end;
        }
        const auto run = hl7::encode_text(text.substr(begin, end - begin), charset);
        if (!run) {
            return {};
        }
        // Within the run character by character, as far as that comes out.
        std::size_t inner = at;
        std::size_t character = begin;
        for (std::size_t byte = begin; byte < end; ++byte) {
            if (byte > begin && begins_character(text[byte])) {
                const auto one =
                    hl7::encode_text(text.substr(character, byte - character), charset);
                inner = std::min(inner + (one ? one->size() : 0), at + run->size());
                character = byte;
            }
            places[byte] = inner;
        }
        at += run->size();
        begin = end;
    }
    places[text.size()] = at;
    return at == size ? places : std::vector<std::size_t>();
}

}  // namespace

ShownMessage::ShownMessage(const store::MessageDetail& detail, const Sight& sight, bool revealed,
                           const FieldPlaces& patients)
    : detail_(detail), sight_(sight) {
    if (!detail.bytes) {
        return;
    }
    decode();
    mask_ = !message_ || (original_.empty() && !revealed)
                ? mask_of_unreadable(text_.size(), sight, revealed)
                : mask_of(*message_, detail, sight, revealed, patients);
}

void ShownMessage::decode() {
    const std::string& bytes = *detail_.bytes;
    const mapping::SourceDefinition* source = sight_.configuration().source(detail_.source);
    const hl7::CharsetDefault undeclared =
        source == nullptr ? hl7::CharsetDefault(hl7::Charset::utf_8)
                          : hl7::CharsetDefault(source->charset, source->charset_fallback);
    Result<hl7::Decoded> decoded = hl7::decode_message(bytes, undeclared);
    if (!decoded) {
        text_ = bytes;
        return;
    }
    text_ = decoded->text;
    const bool marked = bytes.starts_with(kUtf8Mark) && !text_.starts_with(kUtf8Mark);
    original_ = originals(text_, decoded->charset, marked ? kUtf8Mark.size() : 0, bytes.size());
    hl7::ParseOptions options;
    options.charset = decoded->charset;
    if (source != nullptr) {
        options.loose_segment_names = source->loose_segment_names;
        options.join_broken_lines = source->join_broken_lines;
    }
    Result<hl7::Message> parsed = hl7::Message::parse(text_, options);
    if (parsed) {
        message_.emplace(std::move(*parsed));
    }
}

/// Where nothing can be read, or the bytes are gone, nobody can say what it was about.
bool ShownMessage::keeps_back(const Place& place) const {
    return sight_.blinded() && (!message_ || mask_.covers(place, *message_));
}

bool ShownMessage::separates(char c) const {
    if (c == '\r' || c == '\n') {
        return true;
    }
    if (!message_) {
        return false;
    }
    const hl7::Delimiters& marks = message_->delimiters();
    return c == marks.component || c == marks.repetition || c == marks.subcomponent ||
           c == marks.field;
}

/// What is kept back of a segment begins with the separator of its first field, which stays.
bool ShownMessage::begins_with_separator(std::size_t byte) const {
    return message_ && text_[byte] == message_->delimiters().field;
}

/// Separators stay, so that the structure can be seen.
std::string ShownMessage::shown(std::size_t from, std::size_t length) const {
    std::string made;
    const std::size_t end = std::min(from + length, text_.size());
    for (std::size_t byte = from; byte < end; ++byte) {
        const char c = text_[byte];
        if (mask_.kept_back(byte)) {
            if (byte == from || !mask_.kept_back(byte - 1)) {
                made += begins_with_separator(byte) ? std::string(1, c) : std::string();
                made += kKeptBack;
            }
            continue;
        }
        if (!mask_.hidden(byte) || separates(c)) {
            made += c;
        } else if (begins_character(c)) {
            made += kBullet;
        }
    }
    return made;
}

std::string ShownMessage::raw() const {
    return shown(0, text_.size());
}

std::string ShownMessage::bytes() const {
    std::string made = detail_.bytes.value_or("");
    if (mask_.is_open()) {
        return made;
    }
    if (original_.empty()) {
        return mask_.keeps_back() ? std::string(kKeptBackBytes) : std::string(made.size(), '*');
    }
    for (std::size_t byte = 0; byte < text_.size(); ++byte) {
        if (!mask_.hidden(byte) || separates(text_[byte])) {
            continue;
        }
        // A character that is hidden begins somewhere and ends where the next one begins.
        std::size_t next = byte + 1;
        while (next < text_.size() && !begins_character(text_[next])) {
            ++next;
        }
        for (std::size_t at = original_[byte]; at < original_[next] && at < made.size(); ++at) {
            made[at] = '*';
        }
    }
    return mask_.keeps_back() ? without_kept_back(made) : made;
}

/// From the end, so that what is in front keeps its place.
std::string ShownMessage::without_kept_back(std::string bytes) const {
    for (std::size_t end = text_.size(); end > 0;) {
        if (!mask_.kept_back(end - 1)) {
            --end;
            continue;
        }
        std::size_t begin = end;
        while (begin > 0 && mask_.kept_back(begin - 1)) {
            --begin;
        }
        const std::size_t from = original_[begin] + (begins_with_separator(begin) ? 1U : 0U);
        bytes.replace(from, original_[end] - from, kKeptBackBytes);
        end = begin;
    }
    return bytes;
}

std::optional<std::size_t> ShownMessage::original(std::size_t offset) const {
    if (mask_.keeps_back() || offset >= original_.size()) {
        return std::nullopt;
    }
    return original_[offset];
}

std::size_t ShownMessage::length_at(std::size_t offset) const {
    if (mask_.keeps_back() || !message_ || offset >= text_.size() || original_.empty()) {
        return 0;
    }
    const hl7::Delimiters marks = message_->delimiters();
    std::size_t end = offset;
    while (end < text_.size() && text_[end] != marks.field && text_[end] != marks.component &&
           text_[end] != marks.repetition && text_[end] != '\r' && text_[end] != '\n') {
        ++end;
    }
    return original_[end] - original_[offset];
}

ordered_json ShownMessage::place_json(const Place& place) const {
    ordered_json json{{"place", place.text}, {"offset", nullptr}, {"length", nullptr}};
    // Where something is kept back, places would tell how long it is.
    if (mask_.keeps_back() || !message_ || place.offset >= text_.size() || original_.empty()) {
        return json;
    }
    const hl7::Delimiters marks = message_->delimiters();
    const std::size_t dash = place.text.find('-');
    const bool of_field = dash != std::string::npos;
    const auto dots = std::ranges::count(place.text, '.');
    const bool of_repetition =
        of_field && (dots > 0 || place.text.find('[', dash) != std::string::npos);
    const auto ends = [&](char c) {
        return c == '\r' || c == '\n' || (of_field && c == marks.field) ||
               (of_repetition && c == marks.repetition) || (dots > 0 && c == marks.component) ||
               (dots > 1 && c == marks.subcomponent);
    };
    std::size_t end = place.offset;
    while (end < text_.size() && !ends(text_[end])) {
        ++end;
    }
    json["offset"] = original_[place.offset];
    json["length"] = original_[end] - original_[place.offset];
    return json;
}

std::string ShownMessage::leaf(const hl7::Element& element) const {
    const std::size_t length = element.raw().size();
    if (!mask_.hidden(element.offset(), length)) {
        return element.text();
    }
    if (!mask_.kept_back(element.offset()) && mask_.fully_hidden(element.offset(), length)) {
        return masked(element.text());
    }
    return shown(element.offset(), length);
}

void ShownMessage::add_place(ordered_json& json, const hl7::Element& element) const {
    const std::size_t from = element.offset();
    const std::size_t length = element.raw().size();
    const bool known =
        !mask_.keeps_back() && !original_.empty() && from + length < original_.size();
    json["offset"] = known ? ordered_json(original_[from]) : ordered_json();
    json["length"] =
        known ? ordered_json(original_[from + length] - original_[from]) : ordered_json();
}

bool ShownMessage::is_withheld(const hl7::Segment& segment, std::size_t number,
                               const hl7::Element& field) const {
    return mask_.is_withheld(segment.position(), number) ||
           (!field.raw().empty() && mask_.kept_back(field.offset()));
}

ordered_json ShownMessage::field_json(const hl7::Segment& segment, std::size_t number) const {
    const hl7::Element field = segment.field(number);
    if (is_withheld(segment, number, field)) {
        // Neither whether anything is there nor of how many parts it is made.
        ordered_json part{{"number", 1},       {"name", component_name(segment.id(), number, 1)},
                          {"text", kKeptBack}, {"sub", ordered_json::array()},
                          {"offset", nullptr}, {"length", nullptr},
                          {"masked", true}};
        ordered_json repetition{{"components", ordered_json::array({std::move(part)})}};
        return {{"number", number},
                {"name", field_name(segment.id(), number)},
                {"text", kKeptBack},
                {"offset", nullptr},
                {"length", nullptr},
                {"masked", true},
                {"repetitions", ordered_json::array({std::move(repetition)})}};
    }
    ordered_json json{
        {"number", number},
        {"name", field_name(segment.id(), number)},
        {"text", field.raw().empty() ? std::string() : shown(field.offset(), field.raw().size())}};
    add_place(json, field);
    json["masked"] = !field.raw().empty() && mask_.hidden(field.offset(), field.raw().size());
    json["repetitions"] = ordered_json::array();
    for (const hl7::Element& repetition : field.repetitions()) {
        ordered_json components = ordered_json::array();
        std::size_t count = 0;
        for (const hl7::Element& component : repetition.components()) {
            ++count;
            if (component.raw().empty()) {
                continue;
            }
            ordered_json one{{"number", count},
                             {"name", component_name(segment.id(), number, count)},
                             {"text", leaf(component)},
                             {"sub", ordered_json::array()}};
            const std::vector<hl7::Element> subs = component.subcomponents();
            if (subs.size() > 1) {
                for (const hl7::Element& sub : subs) {
                    one["sub"].push_back(sub.raw().empty() ? std::string() : leaf(sub));
                }
            }
            add_place(one, component);
            one["masked"] = mask_.hidden(component.offset(), component.raw().size());
            components.push_back(std::move(one));
        }
        json["repetitions"].push_back({{"components", std::move(components)}});
    }
    return json;
}

ordered_json ShownMessage::segments() const {
    ordered_json segments = ordered_json::array();
    if (!message_) {
        return segments;
    }
    for (std::size_t position = 1; position <= message_->segment_count(); ++position) {
        const hl7::Segment segment = message_->segment(position);
        const std::size_t from = segment.offset();
        const std::size_t length = segment.raw().size();
        const bool known =
            !mask_.keeps_back() && !original_.empty() && from + length < original_.size();
        ordered_json json{
            {"position", position},
            {"id", std::string(segment.id())},
            {"name", segment_name(segment.id())},
            {"text", shown(from, length)},
            {"offset", known ? ordered_json(original_[from]) : ordered_json()},
            {"length",
             known ? ordered_json(original_[from + length] - original_[from]) : ordered_json()},
            {"fields", ordered_json::array()}};
        for (std::size_t field = 1; field <= mask_.shown_fields(segment); ++field) {
            json["fields"].push_back(field_json(segment, field));
        }
        segments.push_back(std::move(json));
    }
    return segments;
}

std::vector<ShownMessage::Line> ShownMessage::lines() const {
    std::vector<Line> lines;
    if (!message_) {
        return lines;
    }
    for (std::size_t position = 1; position <= message_->segment_count(); ++position) {
        const hl7::Segment segment = message_->segment(position);
        Line line;
        line.id = segment.id();
        line.key = line.id;
        // Results are paired by what was measured, closed ones one after the other.
        if (line.id == "OBX") {
            line.key +=
                mask_.is_withheld(position, 3) ? kKeptBack : segment.field(3).component(1).raw();
        }
        line.text = shown(segment.offset(), segment.raw().size());
        for (std::size_t field = 1; field <= mask_.shown_fields(segment); ++field) {
            const hl7::Element element = segment.field(field);
            // Of what is closed not even whether it is the same.
            line.plain.emplace_back(is_withheld(segment, field, element) ? kKeptBack
                                                                         : element.raw());
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

}  // namespace labrelay::views
