#include "labrelay/targets/rave_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <pugixml.hpp>

namespace labrelay::targets {
namespace {

using Kind = RaveAnswer::Kind;

constexpr std::size_t kLongestWords = 300;

/// `Rave objects touched: Subjects=0; Folders=0; Forms=0; Fields=2; LogLines=0`
int fields_of(std::string_view statistics) {
    constexpr std::string_view kFields = "Fields=";
    const std::size_t at = statistics.find(kFields);
    int fields = 0;
    if (at != statistics.npos) {
        const char* begin = statistics.data() + at + kFields.size();
        std::from_chars(begin, statistics.data() + statistics.size(), fields);
    }
    return fields;
}

std::string first_line(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    if (begin == text.npos) {
        return {};
    }
    text.remove_prefix(begin);
    return std::string(
        text.substr(0, std::min({text.find_first_of("\r\n"), kLongestWords, text.size()})));
}

/// "Subject not found.", "Form OID F_LAB not found."
bool says_absent(std::string_view words) {
    std::string text = " ";
    for (const char c : words) {
        const auto letter = static_cast<unsigned char>(c);
        text += std::isalpha(letter) != 0 ? static_cast<char>(std::tolower(letter)) : ' ';
    }
    text += ' ';
    const auto has = [&](std::string_view part) { return text.find(part) != text.npos; };
    return (has(" subject ") || has(" form ")) && (has(" not found ") || has(" does not exist "));
}

/// True where it is Rave that speaks.
bool read_xml(const std::string& body, RaveAnswer& answer) {
    pugi::xml_document document;
    if (!document.load_buffer(body.data(), body.size())) {
        return false;
    }
    const pugi::xml_node root = document.document_element();
    if (std::string_view(root.name()) == "Response") {
        const bool done = root.attribute("IsTransactionSuccessful").as_int() == 1;
        answer.kind = done ? Kind::accepted : Kind::refused;
        answer.fields = fields_of(root.attribute("SuccessStatistics").value());
        if (!done) {
            const char* const words = root.attribute("ErrorClientResponseMessage").value();
            answer.absent = says_absent(words);
            answer.why = fmt::format("{} [{}] at {}", words, root.attribute("ReasonCode").value(),
                                     root.attribute("ErrorOriginLocation").value());
        }
        return true;
    }
    if (std::string_view(root.name()) == "ODM") {
        const pugi::xml_attribute error = root.attribute("mdsol:ErrorDescription");
        answer.kind = error ? Kind::refused : Kind::accepted;
        answer.why = error.value();
        return true;
    }
    return false;
}

}  // namespace

RaveAnswer read_rave_answer(const HttpAnswer& http) {
    RaveAnswer answer;
    if (http.kind != HttpAnswer::Kind::answered) {
        answer.kind = http.kind == HttpAnswer::Kind::not_sent ? Kind::away : Kind::lost;
        answer.why = http.why;
        return answer;
    }
    const bool spoken = read_xml(http.body, answer);
    answer.absent = answer.absent && http.status == 404;
    if (http.status == 401 || http.status == 403 || http.status == 429) {
        answer.kind = Kind::stopped;
        answer.why =
            fmt::format("status {} {}", http.status, spoken ? answer.why : first_line(http.body));
        return answer;
    }
    if (spoken && (http.status == 200 || http.status == 400 || http.status == 404)) {
        if (answer.kind == Kind::accepted && http.status == 200) {
            answer.body = http.body;
        } else if (answer.kind == Kind::accepted) {
            answer.kind = Kind::lost;
            answer.why = fmt::format("status {} that speaks of success", http.status);
        }
        return answer;
    }
    answer.why = fmt::format("status {}", http.status);
    const bool redirect = http.status >= 300 && http.status < 400;
    if (http.status == 404 || redirect) {
        answer.kind = Kind::stopped;
        answer.why += ": is the URL right?";
        return answer;
    }
    answer.kind = http.status == 400 ? Kind::refused : Kind::lost;
    return answer;
}

Result<RaveItems> read_rave_dataset(std::string_view body) {
    pugi::xml_document document;
    if (!document.load_buffer(body.data(), body.size()) ||
        std::string_view(document.document_element().name()) != "ODM") {
        return fail(Code::target_answer_bad, Place{"dataset"}, "It is no whole ODM document.");
    }
    RaveItems items;
    for (const pugi::xml_node data : document.document_element().children("ClinicalData")) {
        const pugi::xml_node subject = data.child("SubjectData");
        for (const pugi::xml_node event : subject.children("StudyEventData")) {
            for (const pugi::xml_node form : event.children("FormData")) {
                for (const pugi::xml_node group : form.children("ItemGroupData")) {
                    for (const pugi::xml_node item : group.children("ItemData")) {
                        items[{event.attribute("StudyEventOID").value(),
                               event.attribute("StudyEventRepeatKey").value(),
                               form.attribute("FormOID").value(),
                               group.attribute("ItemGroupOID").value(),
                               group.attribute("ItemGroupRepeatKey").value(),
                               item.attribute("ItemOID").value()}] =
                            item.attribute("Value").value();
                    }
                }
            }
        }
    }
    return items;
}

}  // namespace labrelay::targets
