#include "labrelay/app/password_input.hpp"

#include <termios.h>
#include <unistd.h>

#include <iostream>

#include "labrelay/app/input.hpp"

namespace labrelay::app {
namespace {

/// A terminal that shows nothing of what is typed, for as long as it lives.
class Unseen {
public:
    Unseen() : shown_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        if (shown_) {
            ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
        }
    }
    Unseen(const Unseen&) = delete;
    Unseen& operator=(const Unseen&) = delete;
    ~Unseen() {
        if (shown_) {
            ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
        }
    }

private:
    termios before_{};
    bool shown_;
};

std::string ask(const std::string& question) {
    std::cerr << question << std::flush;
    std::string answer;
    {
        const Unseen unseen;
        std::getline(std::cin, answer);
    }
    std::cerr << "\n";
    return answer;
}

Result<std::string> given(std::string text) {
    if (const std::size_t end = text.find_first_of("\r\n"); end != std::string::npos) {
        text.resize(end);
    }
    if (text.empty()) {
        return fail(Code::usage, {}, "there is no password");
    }
    return text;
}

}  // namespace

Result<std::string> read_password(const std::string& file, const std::string& whose) {
    if (!file.empty() || ::isatty(STDIN_FILENO) == 0) {
        const Result<std::string> text = read_input(file.empty() ? "-" : file);
        return text ? given(*text) : tl::unexpected(text.error());
    }
    const std::string first = ask("Password of " + whose + ": ");
    if (first != ask("Once more: ")) {
        return fail(Code::usage, {}, "the two passwords differ");
    }
    return given(first);
}

}  // namespace labrelay::app
