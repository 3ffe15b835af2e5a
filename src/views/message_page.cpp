#include "labrelay/views/message_page.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "labrelay/core/sentences.hpp"
#include "labrelay/views/hl7_names.hpp"
#include "labrelay/views/masking.hpp"
#include "said_json.hpp"

namespace labrelay::views {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kBullet = "\xe2\x80\xa2";
constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
/// What is closed, however long it is.
constexpr std::string_view kKeptBack = "\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2";
constexpr std::string_view kKeptBackBytes = "***";
/// Fields of a segment that are one and the same mark for whom they are closed, whatever is in them
/// or missing: a flag that is there would tell of the value, and so does the value's type, which
/// changes from a number to a text where a limit of the assay is passed.
constexpr std::array kClosedLine{WithheldFields{2, kToTheEnd}};  // its number is left
constexpr std::array kUnmappedLine{WithheldFields{2, 2}, WithheldFields{5, 8}};
constexpr std::array kNote{WithheldFields{3, 3}};
/// Shorter ones stand everywhere by chance.
constexpr std::size_t kShortestValue = 4;
constexpr std::size_t kMostPairs = 1'000'000;

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

/// `OBX[2]-5.1`: the second OBX, field 5; field 0 is the segment as a whole.
struct NamedPlace {
    std::string_view segment;
    std::size_t occurrence = 1;
    std::size_t field = 0;
};

std::size_t number_after(std::string_view text, std::size_t mark, std::size_t otherwise) {
    std::size_t number = otherwise;
    if (mark < text.size()) {
        std::from_chars(text.data() + mark + 1, text.data() + text.size(), number);
    }
    return number;
}

NamedPlace named_place(std::string_view text) {
    const std::string_view segment = text.substr(0, text.find('-'));
    return {segment.substr(0, segment.find('[')), number_after(segment, segment.find('['), 1),
            number_after(text, text.find('-'), 0)};
}

std::string_view word_of(study::Disposition disposition) {
    return study::to_string(disposition);
}

std::string rule_key(Code rule) {
    return rule == Code::none ? std::string() : std::string(key(rule));
}

std::string rule_sentence(Code rule) {
    return rule == Code::none ? std::string() : std::string(entry(rule).text);
}

}  // namespace

void add_patient_places(const mapping::Configuration& configuration, std::string_view source,
                        FieldPlaces& places) {
    const bool known = configuration.source(std::string(source)) != nullptr;
    for (const mapping::SourceDefinition& one : configuration.sources()) {
        if (known && one.id != source) {
            continue;
        }
        for (const mapping::PatientLine& line : one.patients) {
            for (const hl7::Path::Step& step : line.from.alternatives()) {
                places.emplace(step.segment, step.field);
            }
        }
    }
}

ShownMessage::ShownMessage(const store::MessageDetail& detail, const Sight& sight, bool revealed,
                           FieldPlaces patients)
    : detail_(detail), sight_(sight), patients_(std::move(patients)) {
    if (!detail.bytes) {
        return;
    }
    decode();
    hidden_.assign(text_.size(), false);
    kept_back_.assign(text_.size(), false);
    if (!message_ || (original_.empty() && !revealed)) {
        // Nobody can say what stands where.
        if (!revealed || sight_.blinded()) {
            hide(0, text_.size());
        }
        if (sight_.blinded()) {
            kept_back_.assign(text_.size(), true);
            keeps_back_ = true;
        }
        return;
    }
    mark(revealed);
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

void ShownMessage::hide(std::size_t from, std::size_t length) {
    const std::size_t end = std::min(from + length, hidden_.size());
    for (std::size_t byte = std::min(from, end); byte < end; ++byte) {
        hidden_[byte] = true;
        open_ = false;
    }
}

void ShownMessage::mark(bool revealed) {
    if (!revealed) {
        for (std::size_t position = 1; position <= message_->segment_count(); ++position) {
            const hl7::Segment segment = message_->segment(position);
            for (std::size_t field = 1; field <= segment.field_count(); ++field) {
                const hl7::Element element = segment.field(field);
                const bool names = identifies(segment.id(), field) ||
                                   patients_.contains(std::pair(std::string(segment.id()), field));
                if (names && !element.raw().empty()) {
                    hide(element.offset(), element.raw().size());
                }
            }
        }
        hide_known_values();
    }
    if (sight_.blinded()) {
        mark_blinded();
    }
}

/// A name may stand in a note, a number in a file name.
void ShownMessage::hide_known_values() {
    std::set<std::string> values;
    for (std::size_t position = 1; position <= message_->segment_count(); ++position) {
        const hl7::Segment segment = message_->segment(position);
        const bool of_people = segment.id() == "PID" || segment.id() == "NK1" ||
                               segment.id() == "GT1" || segment.id() == "IN1" ||
                               segment.id() == "MRG";
        for (std::size_t field = 1; field <= segment.field_count(); ++field) {
            const bool mapped = patients_.contains(std::pair(std::string(segment.id()), field));
            if (!mapped && (!of_people || !identifies(segment.id(), field))) {
                continue;
            }
            for (const hl7::Element& repetition : segment.field(field).repetitions()) {
                // Of identifiers the number alone: who gave it stands in many places.
                const std::string_view name = component_name(segment.id(), field, 1);
                const auto components = repetition.components();
                const std::size_t count = name == "identifier" || !of_people
                                              ? std::min<std::size_t>(1, components.size())
                                              : components.size();
                for (std::size_t index = 0; index < count; ++index) {
                    values.emplace(components[index].raw());
                }
            }
        }
    }
    for (const std::string& value : values) {
        if (value.size() >= kShortestValue) {
            hide_everywhere(value);
        }
    }
}

void ShownMessage::hide_everywhere(std::string_view value) {
    for (std::size_t at = text_.find(value); at != std::string::npos;
         at = text_.find(value, at + value.size())) {
        hide(at, value.size());
    }
}

void ShownMessage::keep_back(const hl7::Element& element) {
    hide(element.offset(), element.raw().size());
    const std::size_t end = std::min(element.offset() + element.raw().size(), kept_back_.size());
    for (std::size_t byte = element.offset(); byte < end; ++byte) {
        kept_back_[byte] = true;
        keeps_back_ = true;
    }
}

/// With the separator in front, so that an empty field is no other mark than a full one.
void ShownMessage::withhold(const hl7::Segment& segment, std::span<const WithheldFields> ranges) {
    withheld_[segment.position()] = ranges;
    const std::size_t count = segment.field_count();
    for (const WithheldFields& fields : ranges) {
        if (count < fields.first) {
            continue;
        }
        const std::size_t from = segment.field(fields.first).offset() - 1;
        std::size_t end = segment.offset() + segment.raw().size();
        if (count > fields.last) {
            const hl7::Element last = segment.field(fields.last);
            end = last.offset() + last.raw().size();
        }
        hide(from, end - from);
        for (std::size_t byte = from; byte < std::min(end, kept_back_.size()); ++byte) {
            kept_back_[byte] = true;
            keeps_back_ = true;
        }
    }
}

bool ShownMessage::is_withheld(std::size_t position, std::size_t field) const {
    const auto found = withheld_.find(position);
    return found != withheld_.end() &&
           std::ranges::any_of(found->second, [&](const WithheldFields& fields) {
               return field >= fields.first && field <= fields.last;
           });
}

/// How many fields are shown: as many as are there, and of what is withheld always the same.
std::size_t ShownMessage::shown_fields(const hl7::Segment& segment) const {
    const auto found = withheld_.find(segment.position());
    if (found == withheld_.end()) {
        return segment.field_count();
    }
    const WithheldFields& last = found->second.back();
    return last.last == kToTheEnd ? last.first : std::max(segment.field_count(), last.last);
}

bool ShownMessage::keeps_back(const Place& place) const {
    if (!sight_.blinded()) {
        return false;
    }
    // Where nothing can be read, or the bytes are gone, nobody can say what it was about.
    if (!message_ || kept_back(place.offset)) {
        return true;
    }
    const NamedPlace named = named_place(place.text);
    const auto segment = message_->find(named.segment, named.occurrence);
    if (!segment) {
        return false;
    }
    const auto found = withheld_.find(segment->position());
    const bool to_the_end = found != withheld_.end() && found->second.back().last == kToTheEnd;
    return to_the_end || is_withheld(segment->position(), named.field);
}

bool ShownMessage::kept_back(std::size_t from) const {
    return from < kept_back_.size() && kept_back_[from];
}

/// A value is shown where its analyte is known and open: of what nobody mapped nobody can say, and
/// its code is what somebody is to map.
void ShownMessage::mark_blinded() {
    std::size_t obx = 0;
    // What was ordered is closed where everything that came for it is.
    std::optional<hl7::Segment> order;
    std::size_t closed = 0;
    std::size_t open = 0;
    const auto end_order = [&] {
        if (order && closed > 0 && open == 0) {
            for (const std::size_t field : {4U, 13U, 31U, 44U}) {
                keep_back(order->field(field));
            }
        }
        order.reset();
        closed = 0;
        open = 0;
    };
    for (std::size_t position = 1; position <= message_->segment_count(); ++position) {
        const hl7::Segment segment = message_->segment(position);
        if (segment.id() == "NTE") {
            withhold(segment, kNote);
        }
        if (segment.id() == "OBR") {
            end_order();
            order = segment;
        }
        if (segment.id() != "OBX") {
            continue;
        }
        ++obx;
        const auto line = std::ranges::find_if(detail_.observations, [&](const auto& candidate) {
            return candidate.ordinal == static_cast<std::int32_t>(obx);
        });
        const bool known = line != detail_.observations.end() && !line->version.analyte.empty();
        if (known && sight_.is_closed(line->version.analyte)) {
            ++closed;
            withhold(segment, kClosedLine);
            continue;
        }
        ++open;
        if (!known) {
            withhold(segment, kUnmappedLine);
        }
    }
    end_order();
}

bool ShownMessage::hidden(std::size_t from, std::size_t length) const {
    const std::size_t end = std::min(from + length, hidden_.size());
    for (std::size_t byte = std::min(from, end); byte < end; ++byte) {
        if (hidden_[byte]) {
            return true;
        }
    }
    return false;
}

bool ShownMessage::fully_hidden(std::size_t from, std::size_t length) const {
    const std::size_t end = std::min(from + length, hidden_.size());
    for (std::size_t byte = std::min(from, end); byte < end; ++byte) {
        if (!hidden_[byte]) {
            return false;
        }
    }
    return length > 0;
}

/// Separators stay, so that the structure can be seen.
std::string ShownMessage::shown(std::size_t from, std::size_t length) const {
    std::string made;
    const hl7::Delimiters marks = message_ ? message_->delimiters() : hl7::Delimiters{};
    const std::size_t end = std::min(from + length, text_.size());
    for (std::size_t byte = from; byte < end; ++byte) {
        const char c = text_[byte];
        if (kept_back(byte)) {
            if (byte == from || !kept_back(byte - 1)) {
                made += message_ && c == marks.field ? std::string(1, c) : std::string();
                made += kKeptBack;
            }
            continue;
        }
        const bool separates = message_ && (c == marks.component || c == marks.repetition ||
                                            c == marks.subcomponent || c == marks.field);
        if (!hidden_[byte] || separates || c == '\r' || c == '\n') {
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
    if (open_) {
        return made;
    }
    if (original_.empty()) {
        return keeps_back_ ? std::string(kKeptBackBytes) : std::string(made.size(), '*');
    }
    const hl7::Delimiters marks = message_ ? message_->delimiters() : hl7::Delimiters{};
    for (std::size_t byte = 0; byte < text_.size(); ++byte) {
        const char c = text_[byte];
        const bool separates = message_ && (c == marks.component || c == marks.repetition ||
                                            c == marks.subcomponent || c == marks.field);
        if (!hidden_[byte] || separates || c == '\r' || c == '\n') {
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
    return keeps_back_ ? without_kept_back(made) : made;
}

/// From the end, so that what is in front keeps its place.
std::string ShownMessage::without_kept_back(std::string bytes) const {
    for (std::size_t end = text_.size(); end > 0;) {
        if (!kept_back_[end - 1]) {
            --end;
            continue;
        }
        std::size_t begin = end;
        while (begin > 0 && kept_back_[begin - 1]) {
            --begin;
        }
        // A run of fields begins with its first separator, which stays.
        const bool separates = message_ && text_[begin] == message_->delimiters().field;
        const std::size_t from = original_[begin] + (separates ? 1U : 0U);
        bytes.replace(from, original_[end] - from, kKeptBackBytes);
        end = begin;
    }
    return bytes;
}

std::optional<std::size_t> ShownMessage::original(std::size_t offset) const {
    if (keeps_back_ || offset >= original_.size()) {
        return std::nullopt;
    }
    return original_[offset];
}

std::size_t ShownMessage::length_at(std::size_t offset) const {
    if (keeps_back_ || !message_ || offset >= text_.size() || original_.empty()) {
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
    if (keeps_back_ || !message_ || place.offset >= text_.size() || original_.empty()) {
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
    if (!hidden(element.offset(), length)) {
        return element.text();
    }
    if (!kept_back(element.offset()) && fully_hidden(element.offset(), length)) {
        return masked(element.text());
    }
    return shown(element.offset(), length);
}

void ShownMessage::add_place(ordered_json& json, const hl7::Element& element) const {
    const std::size_t from = element.offset();
    const std::size_t length = element.raw().size();
    const bool known = !keeps_back_ && !original_.empty() && from + length < original_.size();
    json["offset"] = known ? ordered_json(original_[from]) : ordered_json();
    json["length"] =
        known ? ordered_json(original_[from + length] - original_[from]) : ordered_json();
}

ordered_json ShownMessage::field_json(const hl7::Segment& segment, std::size_t number) const {
    const hl7::Element field = segment.field(number);
    const bool withheld = is_withheld(segment.position(), number) ||
                          (!field.raw().empty() && kept_back(field.offset()));
    if (withheld) {
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
    json["masked"] = !field.raw().empty() && hidden(field.offset(), field.raw().size());
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
            one["masked"] = hidden(component.offset(), component.raw().size());
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
        const bool known = !keeps_back_ && !original_.empty() && from + length < original_.size();
        ordered_json json{
            {"position", position},
            {"id", std::string(segment.id())},
            {"name", segment_name(segment.id())},
            {"text", shown(from, length)},
            {"offset", known ? ordered_json(original_[from]) : ordered_json()},
            {"length",
             known ? ordered_json(original_[from + length] - original_[from]) : ordered_json()},
            {"fields", ordered_json::array()}};
        for (std::size_t field = 1; field <= shown_fields(segment); ++field) {
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
            line.key += is_withheld(position, 3) ? kKeptBack : segment.field(3).component(1).raw();
        }
        line.text = shown(segment.offset(), segment.raw().size());
        for (std::size_t field = 1; field <= shown_fields(segment); ++field) {
            const hl7::Element element = segment.field(field);
            // Of what is closed not even whether it is the same.
            const bool withheld = is_withheld(position, field) ||
                                  (!element.raw().empty() && kept_back(element.offset()));
            line.plain.emplace_back(withheld ? kKeptBack : element.raw());
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

void count_open(study::Counts& counts, std::span<const store::AnalyteCount> lines,
                const Sight& sight) {
    for (const store::AnalyteCount& line : lines) {
        if (sight.counts(line.analyte)) {
            continue;
        }
        const auto count = static_cast<std::int32_t>(line.count);
        counts.received -= count;
        switch (line.disposition) {
            case study::Disposition::stored:
                counts.stored -= count;
                break;
            case study::Disposition::held:
                counts.held -= count;
                break;
            case study::Disposition::ignored:
                counts.ignored -= count;
                break;
        }
    }
}

ordered_json step_json(const study::LineageStep& step, const ShownMessage& message,
                       const Sight& sight) {
    if (sight.names_closed(step.said.text())) {
        const Said instead = say(Sentence::not_for_you);
        return {{"rule", step.rule},
                {"text", instead.text()},
                {"sentences", said_json(instead)},
                {"read", ordered_json::array()}};
    }
    ordered_json read = ordered_json::array();
    for (const Place& place : step.read) {
        read.push_back(message.place_json(place));
    }
    return {{"rule", step.rule},
            {"text", step.said.text()},
            {"sentences", said_json(step.said)},
            {"read", std::move(read)}};
}

ordered_json message_json(const store::LedgerMessage& message) {
    return {{"message_id", to_base32(message.id)},
            {"control_id", message.control_id},
            {"source", message.source},
            {"state", study::to_string(message.state)},
            {"rule", rule_key(message.rule)},
            {"received_at", to_iso(message.received_at)},
            {"counts",
             {{"received", message.counts.received},
              {"stored", message.counts.stored},
              {"held", message.counts.held},
              {"ignored", message.counts.ignored}}},
            {"duplicate_of", message.duplicate_of ? ordered_json(to_base32(*message.duplicate_of))
                                                  : ordered_json()}};
}

namespace {

ordered_json finding_json(const Finding& finding, const ShownMessage& shown) {
    const bool placed = finding.place.offset != Place::kNoOffset;
    const auto offset = placed ? shown.original(finding.place.offset) : std::nullopt;
    return {
        {"code", key(finding.code)},
        {"severity", to_string(finding.severity)},
        {"place", finding.place.text},
        {"offset", offset ? ordered_json(*offset) : ordered_json()},
        {"length", offset ? ordered_json(shown.length_at(finding.place.offset)) : ordered_json()},
        {"sentence", finding.detail.empty()
                         ? std::string(entry(finding.code).text)
                         : std::string(entry(finding.code).text) + " " + finding.detail}};
}

const store::LineageRecord::Observation* lineage_of(const store::LineageRecord& record,
                                                    std::int32_t ordinal) {
    const auto found = std::ranges::find(record.observations, ordinal,
                                         &store::LineageRecord::Observation::ordinal);
    return found == record.observations.end() ? nullptr : &*found;
}

/// As it was said the last time.
const store::LineageRecord& newest(const store::MessageDetail& detail) {
    return detail.again.empty() ? detail.lineage : detail.again.back().lineage;
}

bool closed_line(const store::ObservationLine& line, const Sight& sight) {
    return sight.blinded() && sight.is_closed(line.version.analyte);
}

ordered_json observation_json(const store::MessageDetail& detail,
                              const store::ObservationLine& line, const ShownMessage& shown,
                              const Sight& sight) {
    const study::ResultValue& value = line.version.value;
    const study::Subject* subject =
        line.subject ? sight.registry().subject(*line.subject) : nullptr;
    const bool closed = closed_line(line, sight);
    // What is closed is there as a line of the message and says nothing else: neither what it is
    // nor what became of it, which may tell of its value.
    const bool nameless = closed && !sight.counts(line.version.analyte);
    ordered_json json{
        {"ordinal", line.ordinal},
        {"place", line.place.text},
        {"disposition", nameless ? std::string_view("withheld") : word_of(line.disposition)},
        {"rule", nameless ? std::string() : rule_key(line.rule)},
        {"sentence", nameless ? std::string() : rule_sentence(line.rule)},
        {"code", nameless ? std::string() : line.code},
        {"code_system", nameless ? std::string() : line.code_system},
        {"code_text", nameless ? std::string() : line.code_text}};
    json["closed"] = closed;
    json["analyte"] = closed ? std::string() : line.version.analyte;
    json["subject"] = subject == nullptr
                          ? ordered_json()
                          : ordered_json{{"id", subject->id.value}, {"label", subject->label()}};
    json["visit"] = line.version.registered_visit;
    json["value_reported"] = closed ? std::string() : value.value_reported;
    json["unit_reported"] = closed ? std::string() : value.unit_reported;
    json["value_text"] = closed ? std::string() : value.value_text;
    json["value_num"] =
        closed || !value.value_num ? ordered_json() : ordered_json(value.value_num->to_string());
    json["unit"] = closed ? std::string() : value.unit;
    json["range_flag"] = closed ? std::string() : value.range_flag;
    json["result_id"] =
        line.result && line.subject
            ? ordered_json(std::to_string(line.subject->value) + "-" + std::to_string(*line.result))
            : ordered_json();
    if (closed) {
        json["result_id"] = nullptr;
    }
    json["lineage"] = ordered_json::array();
    const auto* lineage = lineage_of(newest(detail), line.ordinal);
    if (lineage == nullptr) {
        lineage = lineage_of(detail.lineage, line.ordinal);
    }
    if (lineage != nullptr && !closed) {
        for (const study::LineageStep& step : lineage->steps) {
            json["lineage"].push_back(step_json(step, shown, sight));
        }
    }
    return json;
}

ordered_json findings_json(const store::MessageDetail& detail, const ShownMessage& shown,
                           const Sight& sight) {
    ordered_json findings = ordered_json::array();
    const store::LineageRecord& record = newest(detail);
    // What was found in a closed line or in a note tells of what is in it and names nothing.
    const auto may_show = [&](const Finding& finding) {
        return !shown.keeps_back(finding.place) && !sight.names_closed(finding.detail);
    };
    for (const Finding& finding : record.findings) {
        if (may_show(finding)) {
            findings.push_back(finding_json(finding, shown));
        }
    }
    for (const store::ObservationLine& line : detail.observations) {
        const auto* lineage = lineage_of(record, line.ordinal);
        if (lineage == nullptr || closed_line(line, sight)) {
            continue;
        }
        for (const Finding& finding : lineage->findings) {
            if (may_show(finding)) {
                findings.push_back(finding_json(finding, shown));
            }
        }
    }
    return findings;
}

ordered_json ids_json(const std::vector<MessageId>& ids) {
    ordered_json json = ordered_json::array();
    for (const MessageId id : ids) {
        json.push_back(to_base32(id));
    }
    return json;
}

}  // namespace

ordered_json message_json(const store::MessageDetail& detail, const ShownMessage& shown,
                          const Sight& sight) {
    ordered_json json{{"message_id", to_base32(detail.arrival.message_id)},
                      {"control_id", detail.control_id},
                      {"source", detail.source},
                      {"message_type", detail.message_type},
                      {"state", study::to_string(detail.state)},
                      {"rule", rule_key(detail.rule)},
                      {"sentence", rule_sentence(detail.rule)},
                      {"received_at", to_iso(detail.arrival.received_at)},
                      {"message_time", detail.message_time},
                      {"peer", detail.arrival.peer},
                      {"size", shown.keeps_back() ? ordered_json() : ordered_json(detail.size)},
                      {"sha256", shown.keeps_back() ? std::string() : detail.sha256},
                      // Reading them compared the bytes with their digest just now.
                      {"sha256_proven", detail.bytes.has_value()}};
    json["answer"] = {{"code", detail.answer.silent ? "" : hl7::to_string(detail.answer.code)},
                      {"text", rule_sentence(detail.rule)}};
    study::Counts counts = detail.counts;
    for (const store::ObservationLine& line : detail.observations) {
        const store::AnalyteCount one{line.version.analyte, line.disposition, 1};
        count_open(counts, {&one, 1}, sight);
    }
    json["counts"] = {{"received", counts.received},
                      {"stored", counts.stored},
                      {"held", counts.held},
                      {"ignored", counts.ignored}};
    json["config_hash"] = detail.config_hash;
    json["registry_version"] = detail.registry_version;
    json["duplicates"] = ids_json(detail.duplicates);
    json["duplicate_of"] =
        detail.duplicate_of ? ordered_json(to_base32(*detail.duplicate_of)) : ordered_json();
    json["members"] = ids_json(detail.members);
    json["batch"] = detail.arrival.batch ? ordered_json(to_base32(detail.arrival.batch->message_id))
                                         : ordered_json();
    json["masked"] = !shown.is_open();
    json["segments"] = shown.segments();
    json["findings"] = findings_json(detail, shown, sight);
    json["observations"] = ordered_json::array();
    for (const store::ObservationLine& line : detail.observations) {
        json["observations"].push_back(observation_json(detail, line, shown, sight));
    }
    json["again"] = ordered_json::array();
    for (const store::ProcessedAgain& again : detail.again) {
        json["again"].push_back({{"at", to_iso(again.at)},
                                 {"config_hash", again.config_hash},
                                 {"moves", sight.blinded() ? std::string() : again.moves}});
    }
    return json;
}

namespace {

using Line = ShownMessage::Line;

/// Pairs of indices, one past the end where a line has no partner: the longest common sequence of
/// keys.
std::vector<std::pair<std::size_t, std::size_t>> paired(const std::vector<Line>& left,
                                                        const std::vector<Line>& right) {
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    std::size_t i = 0;
    std::size_t j = 0;
    if ((left.size() + 1) * (right.size() + 1) > kMostPairs) {
        for (; i < left.size() || j < right.size();) {
            pairs.emplace_back(std::min(i++, left.size()), std::min(j++, right.size()));
        }
        return pairs;
    }
    const std::size_t width = right.size() + 1;
    std::vector<std::uint32_t> common((left.size() + 1) * width, 0);
    for (std::size_t a = left.size(); a-- > 0;) {
        for (std::size_t b = right.size(); b-- > 0;) {
            common[a * width + b] =
                left[a].key == right[b].key
                    ? common[(a + 1) * width + b + 1] + 1
                    : std::max(common[(a + 1) * width + b], common[a * width + b + 1]);
        }
    }
    while (i < left.size() || j < right.size()) {
        if (i < left.size() && j < right.size() && left[i].key == right[j].key) {
            pairs.emplace_back(i++, j++);
        } else if (j == right.size() ||
                   (i < left.size() && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
            pairs.emplace_back(i++, right.size());
        } else {
            pairs.emplace_back(left.size(), j++);
        }
    }
    return pairs;
}

std::string_view field_of(const Line& line, std::size_t index) {
    return index < line.plain.size() ? std::string_view(line.plain[index]) : std::string_view();
}

ordered_json pair_json(const Line& left, const Line& right) {
    ordered_json fields = ordered_json::array();
    const std::size_t count = std::max(left.plain.size(), right.plain.size());
    for (std::size_t field = 0; field < count; ++field) {
        if (field_of(left, field) != field_of(right, field)) {
            fields.push_back(field + 1);
        }
    }
    const bool same = fields.empty();
    return {{"kind", same ? "same" : "changed"},
            {"id", right.id},
            {"left", left.text},
            {"right", right.text},
            {"fields", std::move(fields)}};
}

}  // namespace

ordered_json diff_json(const ShownMessage& before, const ShownMessage& now) {
    const std::vector<Line> left = before.lines();
    const std::vector<Line> right = now.lines();
    ordered_json segments = ordered_json::array();
    for (const auto& [i, j] : paired(left, right)) {
        if (i < left.size() && j < right.size()) {
            segments.push_back(pair_json(left[i], right[j]));
        } else if (i < left.size()) {
            segments.push_back({{"kind", "removed"},
                                {"id", left[i].id},
                                {"left", left[i].text},
                                {"right", nullptr},
                                {"fields", ordered_json::array()}});
        } else {
            segments.push_back({{"kind", "added"},
                                {"id", right[j].id},
                                {"left", nullptr},
                                {"right", right[j].text},
                                {"fields", ordered_json::array()}});
        }
    }
    return segments;
}

}  // namespace labrelay::views
