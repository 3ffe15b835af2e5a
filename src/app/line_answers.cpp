#include "labrelay/app/line_answers.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace labrelay::app {
namespace {

constexpr std::size_t kMostLine = 64U * 1024U;
constexpr std::size_t kMostWaiting = 256U * 1024U;

class Answers {
public:
    Answers(std::FILE* output, const std::function<std::string(std::string_view)>& answer)
        : output_(output), answer_(answer) {}

    void take(std::string_view bytes) {
        while (!bytes.empty()) {
            const std::size_t end = bytes.find('\n');
            append(bytes.substr(0, end));
            if (end == std::string_view::npos) {
                return;
            }
            finish_line();
            bytes.remove_prefix(end + 1);
        }
    }
    void finish() {
        if (begun_) {
            finish_line();
        }
        write();
    }
    void write() {
        std::fwrite(written_.data(), 1, written_.size(), output_);
        std::fflush(output_);
        written_.clear();
    }

private:
    void append(std::string_view part) {
        begun_ = begun_ || !part.empty();
        line_ += part.substr(0, kMostLine - line_.size());
    }
    void finish_line() {
        std::string_view line = line_;
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        written_ += answer_(line);
        written_ += '\n';
        line_.clear();
        begun_ = false;
        if (written_.size() > kMostWaiting) {
            write();
        }
    }

    std::FILE* output_;
    const std::function<std::string(std::string_view)>& answer_;
    std::string line_;
    std::string written_;
    bool begun_ = false;
};

}  // namespace

void answer_lines(int input, std::FILE* output,
                  const std::function<std::string(std::string_view)>& answer) {
    Answers answers(output, answer);
    std::array<char, 64U * 1024U> buffer{};
    for (;;) {
        const ssize_t got = ::read(input, buffer.data(), buffer.size());
        if (got > 0) {
            answers.take({buffer.data(), static_cast<std::size_t>(got)});
            answers.write();
        } else if (got == 0 || errno != EINTR) {
            break;
        }
    }
    answers.finish();
}

std::string on_one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return text;
}

}  // namespace labrelay::app
