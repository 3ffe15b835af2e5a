#include "labrelay/hl7/ack.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "ack_error.hpp"
#include "labrelay/hl7/escape.hpp"
#include "labrelay/hl7/header.hpp"
#include "scan.hpp"

namespace labrelay::hl7 {
namespace {

constexpr std::size_t kOldTextLength = 80;

struct CodeName {
    AckCode code;
    std::string_view name;
};
constexpr std::array kCodeNames{CodeName{AckCode::aa, "AA"}, CodeName{AckCode::ae, "AE"},
                                CodeName{AckCode::ar, "AR"}, CodeName{AckCode::ca, "CA"},
                                CodeName{AckCode::ce, "CE"}, CodeName{AckCode::cr, "CR"}};

/// What an acknowledgement takes over from the message, as sent.
struct AckHeader {
    Delimiters delimiters;
    std::string encoding_characters = "^~\\&";
    std::string sending_application;  ///< of the acknowledgement: MSH-5 of the message
    std::string sending_facility;
    std::string receiving_application;
    std::string receiving_facility;
    std::string type = "ACK";
    std::string processing_id = "P";
    std::string version_field = "2.5.1";
    std::string charset;
    std::string profile;
    std::string control_id;
    int version = 251;
};

/// The version whose rules the acknowledgement follows.
int layout_version(const Message& message, std::string_view assumed) {
    const Segment msh = message.header();
    for (const std::string_view named : {msh.field(12).component(1).raw(), assumed}) {
        if (const int version = version_number(named); version != 0) {
            return version;
        }
    }
    return msh.field(9).component(3).has_value() ? 251 : 230;
}

bool is_acceptance(AckCode code) {
    return code == AckCode::ca || code == AckCode::ce || code == AckCode::cr;
}

/// What answers a message that is not answered by a general acknowledgement (chapter 7.3.5): the
/// placer order number that R33 may carry is left out, because labrelay places no orders.
struct OwnAnswer {
    std::string_view code;
    std::string_view trigger;
    int from_version;
    std::array<std::string_view, 3> type;
};
constexpr std::array kOwnAnswers{
    OwnAnswer{"ORU", "R30", 270, {"ORA", "R33", "ORA_R33"}},
    OwnAnswer{"ORU", "R30", 250, {"ACK", "R33", "ACK"}},
};

std::string acknowledgement_type(const Message& message, int version, AckCode ack) {
    const char component = message.delimiters().component;
    const std::string_view trigger = message.header().field(9).component(2).raw();
    if (version < 240 || component == 0 || trigger.empty() || trigger == "\"\"") {
        return "ACK";
    }
    const std::string_view code = message.header().field(9).component(1).raw();
    for (const OwnAnswer& own : kOwnAnswers) {
        if (!is_acceptance(ack) && own.code == code && own.trigger == trigger &&
            version >= own.from_version) {
            return fmt::format("{}", fmt::join(own.type, std::string_view(&component, 1)));
        }
    }
    return fmt::format("ACK{0}{1}{0}ACK", component, trigger);
}

/// IHE's laboratory transactions (LAB-27, LAB-29) want their profile back.
bool names_ihe_laboratory(std::string_view profiles, char repetition) {
    bool found = false;
    for_each_piece(profiles, repetition, [&](std::string_view profile, std::size_t) {
        found = found || profile.substr(0, 4) == "LAB-";
    });
    return found;
}

AckHeader header_for(const Message& message, const AckContent& content) {
    const Segment msh = message.header();
    const auto raw = [&](std::size_t field) { return std::string(msh.field(field).raw()); };
    AckHeader header;
    header.delimiters = message.delimiters();
    header.encoding_characters = raw(2);
    header.sending_application = raw(5);
    header.sending_facility = raw(6);
    header.receiving_application = raw(3);
    header.receiving_facility = raw(4);
    header.version = layout_version(message, content.assumed_version);
    header.type = acknowledgement_type(message, header.version, content.code);
    header.processing_id = raw(11);
    header.version_field = raw(12);
    header.charset = raw(18);
    header.control_id = raw(10);
    if (names_ihe_laboratory(msh.field(21).raw(), message.delimiters().repetition)) {
        header.profile = raw(21);
    }
    return header;
}

std::string cut_text(std::string_view text, int version) {
    if (version >= 250) {
        return std::string(text);
    }
    std::size_t characters = 0;
    std::size_t end = 0;
    for (; end < text.size(); ++end) {
        const bool begins_character = (static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U;
        if (begins_character && characters++ == kOldTextLength) {
            break;
        }
    }
    return std::string(text.substr(0, end));
}

std::string segment(const Delimiters& delimiters, std::vector<std::string> fields) {
    while (fields.size() > 1 && fields.back().empty()) {
        fields.pop_back();
    }
    return fmt::format("{}\r", fmt::join(fields, std::string_view(&delimiters.field, 1)));
}

std::string ascii_only(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; },
        '?');
    return text;
}

std::string compose(const AckHeader& header, Charset charset, AckContent content) {
    const Delimiters& d = header.delimiters;
    // What the message gave exists in its character set; our own words may not.
    const auto expressible = [&](std::string& text) {
        if (first_invalid_utf8(text) || !encode_text(text, charset)) {
            text = ascii_only(std::move(text));
        }
    };
    expressible(content.text);
    expressible(content.ack_id);
    for (Finding& finding : content.errors) {
        expressible(finding.detail);
    }
    std::string ack = segment(d, {"MSH",
                                  header.encoding_characters,
                                  header.sending_application,
                                  header.sending_facility,
                                  header.receiving_application,
                                  header.receiving_facility,
                                  to_hl7(content.time),
                                  "",
                                  header.type,
                                  escape(content.ack_id, d),
                                  header.processing_id,
                                  header.version_field,
                                  "",
                                  "",
                                  content.accept_condition,
                                  content.application_condition,
                                  "",
                                  header.charset,
                                  "",
                                  "",
                                  header.profile});
    ack += segment(
        d, {"MSA", std::string(to_string(content.code)), header.control_id,
            escape(cut_text(content.text, header.version), d),
            content.expected_sequence ? fmt::format("{}", *content.expected_sequence) : ""});
    ack += build_error_segments(content.errors, header.version, d);
    return encode_text(ack, charset).value_or(std::move(ack));
}

std::string_view header_line(std::string_view bytes) {
    constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
    if (bytes.substr(0, kUtf8Mark.size()) == kUtf8Mark) {
        bytes.remove_prefix(kUtf8Mark.size());
    }
    // A byte more than a header may have: one that is too long is known for it.
    bytes = bytes.substr(0, kMaxHeaderBytes + 1);
    return bytes.substr(0, bytes.find_first_of("\r\n\x0b\x1c"));
}

/// Every byte is a character of ISO 8859-1, so what is decoded as that comes back byte for byte.
std::string as_latin_1(std::string_view bytes) {
    return decode_text(bytes, Charset::iso_8859_1).value_or(std::string());
}

}  // namespace

std::string_view to_string(AckCode code) {
    for (const CodeName& row : kCodeNames) {
        if (row.code == code) {
            return row.name;
        }
    }
    return "";
}

std::optional<AckCode> ack_code_from(std::string_view text) {
    for (const CodeName& row : kCodeNames) {
        if (row.name == text) {
            return row.code;
        }
    }
    return std::nullopt;
}

std::string build_ack(const Message& message, Charset charset, const AckContent& content) {
    AckHeader header = header_for(message, content);
    const std::string_view declared = message.header().field(18).raw();
    const bool says_nothing = declared.empty() || declared == "\"\"";
    if (!says_nothing && charset_from_field(declared, header.delimiters.repetition) != charset) {
        header.charset =
            escape(hl7_name(charset), header.delimiters);  // a byte-order mark knew better
    }
    return compose(header, charset, content);
}

std::string build_ack_of_unreadable(std::string_view bytes, const AckContent& content) {
    const std::string_view line = header_line(bytes);
    if (!header_too_long(line)) {
        if (Result<Message> message = Message::parse(as_latin_1(line))) {
            return compose(header_for(*message, content), Charset::iso_8859_1, content);
        }
    }
    AckHeader header;
    const Header loose = read_header_of_unreadable(line);
    const auto keep = [&](const std::string& text) {
        return escape(as_latin_1(text), header.delimiters);
    };
    header.sending_application = keep(loose.receiving_application);
    header.sending_facility = keep(loose.receiving_facility);
    header.receiving_application = keep(loose.sending_application);
    header.receiving_facility = keep(loose.sending_facility);
    if (loose.control_id.find(header.delimiters.field) == std::string::npos) {
        header.control_id = as_latin_1(loose.control_id);
    }
    return compose(header, Charset::iso_8859_1, content);
}

}  // namespace labrelay::hl7
