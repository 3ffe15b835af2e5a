#include "labrelay/hl7/mllp_framer.hpp"

#include <algorithm>
#include <utility>

namespace labrelay::hl7 {
namespace {

constexpr char kStart = '\x0b';
constexpr char kEnd = '\x1c';
constexpr std::size_t kHeadOfOversized = std::size_t{64} * 1024;
constexpr std::size_t kStrayKept = 256;

bool is_line_end(char c) {
    return c == '\r' || c == '\n';
}

bool is_blank(std::string_view payload) {
    return payload.find_first_not_of(std::string_view(" \t\r\n\0", 5)) == payload.npos;
}

}  // namespace

MllpFramer::MllpFramer(std::size_t max_payload) : max_payload_(max_payload) {}

void MllpFramer::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        if (after_end_) {
            bytes = after_end(bytes);
        } else if (inside_) {
            bytes = inside(bytes);
        } else {
            bytes = outside(bytes);
        }
    }
}

std::optional<MllpFrame> MllpFramer::next() {
    if (ready_.empty()) {
        return std::nullopt;
    }
    MllpFrame frame = std::move(ready_.front());
    ready_.pop_front();
    return frame;
}

void MllpFramer::finish() {
    settle();
    if (inside_) {
        close_frame(MllpFrame::Kind::truncated);
    }
}

void MllpFramer::settle() {
    if (after_end_) {
        ++bare_ends_;
        close_frame(MllpFrame::Kind::payload);
    }
}

std::string_view MllpFramer::outside(std::string_view bytes) {
    const std::size_t start = std::min(bytes.find(kStart), bytes.size());
    std::string_view stray = bytes.substr(0, start);
    while (after_frame_ && !stray.empty() && is_line_end(stray.front())) {
        ++extra_line_ends_;
        stray.remove_prefix(1);
    }
    if (!stray.empty()) {
        after_frame_ = false;
        stray_ += stray.size();
        first_stray_ += stray.substr(0, kStrayKept - first_stray_.size());
    }
    position_ += start;
    if (start < bytes.size()) {
        open_frame();
        bytes.remove_prefix(1);
    }
    return bytes.substr(start);
}

std::string_view MllpFramer::inside(std::string_view bytes) {
    const std::size_t end = std::min(bytes.find(kEnd), bytes.size());
    const std::size_t special = std::min(bytes.substr(0, end).find(kStart), end);
    take(bytes.substr(0, special));
    position_ += special;
    if (special == bytes.size()) {
        return {};
    }
    if (special == end) {
        ++position_;
        after_end_ = true;
    } else {
        close_frame(MllpFrame::Kind::truncated);
        open_frame();
    }
    return bytes.substr(special + 1);
}

std::string_view MllpFramer::after_end(std::string_view bytes) {
    const char c = bytes.front();
    if (c == '\r' || c == '\n' || c == kStart) {
        bare_ends_ += c == '\r' ? 0U : 1U;
        close_frame(MllpFrame::Kind::payload);
        if (c != kStart) {
            ++position_;
            return bytes.substr(1);
        }
        return bytes;
    }
    after_end_ = false;
    take(std::string_view(&kEnd, 1));
    return bytes;
}

void MllpFramer::take(std::string_view bytes) {
    if (skipping_) {
        return;
    }
    const std::size_t room = max_payload_ - current_.bytes.size();
    current_.bytes += bytes.substr(0, room);
    if (bytes.size() > room) {
        current_.bytes.resize(std::min(current_.bytes.size(), kHeadOfOversized));
        current_.kind = MllpFrame::Kind::oversized;
        ready_.push_back(std::exchange(current_, {}));
        skipping_ = true;
    }
}

/// At a VT.
void MllpFramer::open_frame() {
    ++position_;
    current_ = {};
    current_.stream_offset = position_;
    inside_ = true;
}

void MllpFramer::close_frame(MllpFrame::Kind kind) {
    const bool handed_out = std::exchange(skipping_, false);
    inside_ = false;
    after_end_ = false;
    after_frame_ = kind == MllpFrame::Kind::payload;
    if (handed_out) {
        return;
    }
    if (is_blank(current_.bytes)) {
        ++empty_;
    } else {
        current_.kind = kind;
        ready_.push_back(std::exchange(current_, {}));
    }
    current_ = {};
}

std::string mllp_wrap(std::string_view payload) {
    std::string frame;
    frame.reserve(payload.size() + 3);
    frame += kStart;
    frame += payload;
    frame += kEnd;
    frame += '\r';
    return frame;
}

}  // namespace labrelay::hl7
