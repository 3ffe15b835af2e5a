#include "labrelay/app/input.hpp"

#include "labrelay/core/file.hpp"
#include "labrelay/hl7/mllp_framer.hpp"

namespace labrelay::app {

Result<std::string> read_input(const std::string& file) {
    if (file == "-") {
        return read_file("/dev/stdin");
    }
    return read_file(file);
}

std::vector<std::string> messages_in(std::string_view bytes) {
    constexpr char kStartOfBlock = '\x0B';
    if (bytes.find(kStartOfBlock) == std::string_view::npos) {
        return {std::string(bytes)};
    }
    hl7::MllpFramer framer(bytes.size());
    framer.feed(bytes);
    framer.finish();
    std::vector<std::string> messages;
    while (std::optional<hl7::MllpFrame> frame = framer.next()) {
        messages.push_back(std::move(frame->bytes));
    }
    return messages;
}

Result<std::string> read_message(const std::string& file) {
    Result<std::string> bytes = read_input(file);
    if (!bytes) {
        return bytes;
    }
    std::vector<std::string> messages = messages_in(*bytes);
    return messages.empty() ? std::string() : std::move(messages.front());
}

}  // namespace labrelay::app
