// A path as somebody wrote it into a mapping, used on a message.

#include "fuzz_target.hpp"
#include "labrelay/hl7/path.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace labrelay;
    using namespace labrelay::hl7;
    static const Message message = Message::parse(
                                       "MSH|^~\\&|A|B|C|D|20260301||ORU^R01|1|P|2.5.1\r"
                                       "PID|1||111^^^HOSP&1.2.3~222^^^QILU~~333^^^A\\T\\B||"
                                       "\"\"\rOBX|1|NM|C^N&M||412~413\rOBX|2\r")
                                       .value();
    const std::string_view text = fuzz::as_text(data, size);
    const Result<Path> path = Path::compile(text);
    if (!path) {
        fuzz::require(path.error().place.offset <= size, "the error stands in the path");
        return 0;
    }
    fuzz::require(path->text() == text && !path->alternatives().empty(), "a path keeps its text");
    const MessageScope scope(message);
    const std::vector<PathMatch> all = path->find_all(scope);
    for (const PathMatch& match : all) {
        fuzz::require(match.element.offset() < message.text().size(), "a match stands in the text");
        const Result<Path> place = Path::compile(match.place);
        fuzz::require(place.has_value(), "a match's place is a path");
        const auto again = place->find(scope);
        fuzz::require(again && again->element.raw() == match.element.raw(),
                      "a place finds its match");
    }
    const std::optional<PathMatch> first = path->find(scope);
    fuzz::require(!first || !all.empty(), "what find() finds, find_all() finds");
    fuzz::require(path->value(scope) == (first ? first->element.text() : ""),
                  "value is find's text");
    return 0;
}
