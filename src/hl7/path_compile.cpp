#include <charconv>

#include "labrelay/hl7/path.hpp"

namespace labrelay::hl7 {
namespace {

constexpr std::size_t kMaxNumber = 99'999;

/// Reads one path from left to right without going back; grammar in path.md.
class PathReader {
public:
    explicit PathReader(std::string_view text) : text_(text) {}

    Result<std::vector<Path::Step>> read() {
        std::vector<Path::Step> steps;
        do {
            skip_blanks();
            Path::Step step;
            if (!alternative(step)) {
                return fail(code_, {"", error_at_});
            }
            steps.push_back(std::move(step));
            skip_blanks();
        } while (accept('|'));
        if (at_ < text_.size()) {
            return fail(Code::path_trailing, {"", at_});
        }
        return steps;
    }

private:
    bool alternative(Path::Step& step) {
        if (at_ == text_.size() || text_[at_] == '|') {
            return refuse(Code::path_empty, at_);
        }
        if (!segment(step)) {
            return false;
        }
        if (accept('[') && !(number(step.occurrence) && expect(']', Code::path_number_bad))) {
            return false;
        }
        if (!expect('-', Code::path_number_bad) || !number(step.field)) {
            return false;
        }
        if (accept('[') && !repetition_or_filter(step)) {
            return false;
        }
        if (accept('.') && !number(step.component)) {
            return false;
        }
        return step.component == 0 || !accept('.') || number(step.subcomponent);
    }

    bool segment(Path::Step& step) {
        const std::string_view id = text_.substr(at_, 3);
        const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
        const auto digit = [](char c) { return c >= '0' && c <= '9'; };
        const bool good = id.size() == 3 && upper(id[0]) && (upper(id[1]) || digit(id[1])) &&
                          (upper(id[2]) || digit(id[2]));
        if (!good) {
            return refuse(Code::path_segment_bad, at_);
        }
        step.segment = std::string(id);
        at_ += id.size();
        return true;
    }

    /// After `[`: `2]`, or `4=TEXT]`, or `4.1=TEXT]`.
    bool repetition_or_filter(Path::Step& step) {
        const std::size_t begin = at_;
        std::size_t first = 0;
        if (!number(first)) {
            return false;
        }
        if (accept(']')) {
            step.repetition = first;
            return true;
        }
        Path::Filter filter;
        filter.component = first;
        if (accept('.') && !number(filter.subcomponent)) {
            return false;
        }
        if (!accept('=')) {
            return refuse(Code::path_filter_bad, at_);
        }
        const std::size_t end = text_.find(']', at_);
        if (end == text_.npos || end == at_) {
            return refuse(Code::path_filter_bad, end == at_ ? at_ : begin);
        }
        filter.equals = std::string(text_.substr(at_, end - at_));
        at_ = end + 1;
        step.filter = std::move(filter);
        return true;
    }

    bool number(std::size_t& value) {
        const char* const begin = text_.data() + at_;
        std::size_t read = 0;
        const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), read);
        if (error != std::errc{} || read == 0 || read > kMaxNumber) {
            return refuse(Code::path_number_bad, at_);
        }
        at_ += static_cast<std::size_t>(end - begin);
        value = read;
        return true;
    }

    bool accept(char c) {
        const bool there = at_ < text_.size() && text_[at_] == c;
        at_ += there ? 1U : 0U;
        return there;
    }
    bool expect(char c, Code code) { return accept(c) || refuse(code, at_); }
    void skip_blanks() {
        while (accept(' ')) {
        }
    }
    bool refuse(Code code, std::size_t at) {
        code_ = code;
        error_at_ = at;
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    Code code_ = Code::none;
    std::size_t error_at_ = 0;
};

}  // namespace

Result<Path> Path::compile(std::string_view text) {
    Result<std::vector<Step>> steps = PathReader(text).read();
    if (!steps) {
        return tl::unexpected(std::move(steps).error());
    }
    Path path;
    path.text_ = std::string(text);
    path.alternatives_ = *std::move(steps);
    return path;
}

}  // namespace labrelay::hl7
