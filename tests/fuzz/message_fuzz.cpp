// Bytes as they come from the network, through everything that hl7 does with a message.

#include "fuzz_target.hpp"
#include "labrelay/hl7/ack.hpp"
#include "labrelay/hl7/binding.hpp"
#include "labrelay/hl7/flat.hpp"
#include "labrelay/hl7/header.hpp"

namespace labrelay::hl7 {
namespace {

using fuzz::require;

AckContent content() {
    AckContent made;
    made.code = AckCode::ae;
    made.ack_id = "A1";
    made.text = "text | with ^ delimiters \xe4\xb8\xad";
    made.errors = {{Code::unknown_code, Severity::hold, {"OBX[2]-3[1].1", 0}, "detail", ""}};
    return made;
}

void check_unreadable(std::string_view bytes) {
    const std::string ack = build_ack_of_unreadable(bytes, content());
    const std::optional<std::string> text = decode_text(ack, Charset::iso_8859_1);
    require(text && Message::parse(*text), "the answer to unreadable bytes is a message");
}

void check_message(const Message& message, Charset charset) {
    flatten(message);
    tree(message);
    read_header(message);
    for (const Finding& finding : find_unknown_escapes(message)) {
        require(finding.place.offset < message.text().size(), "an escape stands in the text");
    }
    const auto bindings = bind_observations(message);
    require(bindings.size() == message.count("OBX"), "every OBX is bound once");
    std::size_t segments = 0;
    for (std::size_t position = 1; position <= message.segment_count(); ++position) {
        const Segment segment = message.segment(position);
        const auto found = message.find(segment.id(), segment.occurrence());
        require(found && found->position() == position, "a segment is found by its name");
        segments += segment.raw().size();
    }
    require(segments <= message.text().size(), "segments do not overlap");

    const std::optional<std::string> ack =
        decode_text(build_ack(message, charset, content()), charset);
    require(ack.has_value(), "the answer is in the message's character set");
    const Result<Message> answer = Message::parse(*ack);
    require(answer.has_value(), "the answer is a message");
    require(answer->segment(2).field(2).raw() == message.header().field(10).raw(),
            "MSA-2 is MSH-10 byte for byte");
}

/// What a source allows changes neither the length nor what is there besides.
void check_tolerances(const std::string& text, Charset charset) {
    ParseOptions options;
    options.max_segments = 1000;
    options.charset = charset;
    options.join_broken_lines = true;
    if (const Result<Message> joined = Message::parse(text, options)) {
        fuzz::require(joined->encode() == text, "joining keeps every byte");
    }
    options.loose_segment_names = true;
    if (const Result<Message> loose = Message::parse(text, options)) {
        fuzz::require(loose->encode().size() == text.size(), "names keep their length");
        find_unknown_escapes(*loose);
    }
}

}  // namespace
}  // namespace labrelay::hl7

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace labrelay;
    using namespace labrelay::hl7;
    const std::string_view bytes = fuzz::as_text(data, size);
    check_unreadable(bytes);
    for (std::size_t number = 0; number < kCharsetCount; ++number) {
        const auto fallback = static_cast<Charset>(number);
        const Result<Decoded> decoded = decode_message(bytes, fallback);
        if (!decoded) {
            fuzz::require(decoded.error().place.offset <= size, "a bad byte stands in the bytes");
            continue;
        }
        fuzz::require(!first_invalid_utf8(decoded->text), "what is decoded is UTF-8");
        check_tolerances(decoded->text, decoded->charset);
        ParseOptions options;
        options.max_segments = 1000;
        options.charset = decoded->charset;
        const Result<Message> message = Message::parse(decoded->text, options);
        if (!message) {
            fuzz::require(message.error().place.offset <= decoded->text.size(),
                          "the error has a place");
            continue;
        }
        fuzz::require(message->encode() == decoded->text, "every byte is kept");
        check_message(*message, decoded->charset);
    }
    return 0;
}
