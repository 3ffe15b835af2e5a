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

constexpr std::size_t kHeaderMark = 4;  // MSH and the separator

bool is_separator(char c) {
    const bool alphanumeric =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return c > ' ' && c < 0x7f && c != '"' && !alphanumeric;
}

/// Whether these one to four bytes can begin a message or a batch.
bool may_be_header(std::string_view bytes) {
    for (const std::string_view name : {"MSH", "BHS", "FHS"}) {
        if (bytes.substr(0, name.size()) == name.substr(0, bytes.size())) {
            return bytes.size() < kHeaderMark || is_separator(bytes[kHeaderMark - 1]);
        }
    }
    return false;
}

/// MSH ends where any header follows, a batch only at the next batch or file, a file at the next
/// file.
bool begins_anew(char first_header, char next_header) {
    constexpr std::string_view kOrder = "MBF";
    return kOrder.find(next_header) >= kOrder.find(first_header);
}

/// HLLP (`D23 CR data CR length and check sum`) and the commit acknowledgements of MLLP release 2.
MllpFrame::Kind kind_of(std::string_view payload) {
    const auto digit = [&](std::size_t at) { return payload[at] >= '0' && payload[at] <= '9'; };
    if (payload == "\x06" || payload == "\x15") {
        return MllpFrame::Kind::release_2;
    }
    const bool is_block = payload.size() > 3 && (payload[0] == 'D' || payload[0] == 'N') &&
                          digit(1) && digit(2) && payload[3] == '\r';
    return is_block ? MllpFrame::Kind::hllp : MllpFrame::Kind::payload;
}

}  // namespace

MllpFramer::MllpFramer(std::size_t max_payload, Framing framing)
    : max_payload_(max_payload), framing_(framing) {}

void MllpFramer::feed(std::string_view bytes) {
    const bool flexible = framing_ == Framing::flexible;
    while (!bytes.empty()) {
        switch (state_) {
            case State::outside:
                bytes = flexible ? outside_flexible(bytes) : outside(bytes);
                break;
            case State::framed:
                bytes = framed(bytes);
                break;
            case State::bare:
                bytes = at_line_start_ ? line_start(bytes) : bare(bytes);
                break;
            case State::after_end:
                bytes = flexible ? after_end_flexible(bytes) : after_end(bytes);
                break;
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

bool MllpFramer::awaits_end() const {
    return held_.empty() &&
           (state_ == State::after_end || (state_ == State::bare && at_line_start_));
}

void MllpFramer::finish() {
    settle();
    if (state_ == State::outside) {
        stray(std::exchange(held_, {}));
        return;
    }
    if (state_ == State::after_end) {
        take(std::string_view(&kEnd, 1));
    }
    take_held();
    close_frame(MllpFrame::Kind::truncated);
}

void MllpFramer::settle() {
    if (awaits_end()) {
        bare_ends_ += state_ == State::after_end ? 1U : 0U;
        close_frame(MllpFrame::Kind::payload);
    }
}

/// Bytes that were counted in `position_` already.
void MllpFramer::stray(std::string_view bytes) {
    while (after_frame_ && !bytes.empty() && is_line_end(bytes.front())) {
        ++extra_line_ends_;
        bytes.remove_prefix(1);
    }
    if (bytes.empty()) {
        return;
    }
    if (stray_ == 0) {
        first_stray_offset_ = position_ - bytes.size();
    }
    after_frame_ = false;
    stray_ += bytes.size();
    first_stray_ += bytes.substr(0, kStrayKept - first_stray_.size());
}

std::string_view MllpFramer::outside(std::string_view bytes) {
    const std::size_t start = std::min(bytes.find(kStart), bytes.size());
    position_ += start;
    stray(bytes.substr(0, start));
    if (start < bytes.size()) {
        open_frame();
        bytes.remove_prefix(1);
    }
    return bytes.substr(start);
}

std::string_view MllpFramer::outside_flexible(std::string_view bytes) {
    const char c = bytes.front();
    if (c == kStart) {
        stray(std::exchange(held_, {}));
        open_frame();
        return bytes.substr(1);
    }
    ++position_;
    held_ += c;
    // What cannot begin a header is stray, byte by byte, until what is left can.
    std::size_t lost = 0;
    while (lost < held_.size() && !may_be_header(std::string_view(held_).substr(lost))) {
        ++lost;
    }
    const std::string rest = held_.substr(lost);
    held_.resize(lost);
    position_ -= rest.size();
    stray(held_);
    position_ += rest.size();
    held_ = rest;
    if (held_.size() == kHeaderMark) {
        open_bare();
    }
    return bytes.substr(1);
}

std::string_view MllpFramer::framed(std::string_view bytes) {
    const std::size_t end = std::min(bytes.find(kEnd), bytes.size());
    const std::size_t special = std::min(bytes.substr(0, end).find(kStart), end);
    take(bytes.substr(0, special));
    position_ += special;
    if (special == bytes.size()) {
        return {};
    }
    if (special == end) {
        ++position_;
        interrupted_ = State::framed;
        state_ = State::after_end;
    } else {
        close_frame(MllpFrame::Kind::truncated);
        open_frame();
    }
    return bytes.substr(special + 1);
}

/// Inside a line of a message without VT.
std::string_view MllpFramer::bare(std::string_view bytes) {
    const std::size_t special =
        std::min(bytes.find_first_of(std::string_view("\r\n\x0b\x1c")), bytes.size());
    take(bytes.substr(0, special));
    position_ += special;
    if (special == bytes.size()) {
        return {};
    }
    const char c = bytes[special];
    if (c == kStart) {
        close_at_vt();
    } else {
        ++position_;
        if (c == kEnd) {
            interrupted_ = State::bare;
            state_ = State::after_end;
        } else {
            take(bytes.substr(special, 1));
            at_line_start_ = true;
        }
    }
    return bytes.substr(special + 1);
}

/// After a line end of a message without VT: a header may begin another message.
std::string_view MllpFramer::line_start(std::string_view bytes) {
    const char c = bytes.front();
    if (is_line_end(c) && held_.empty()) {
        ++position_;
        take(bytes.substr(0, 1));
        return bytes.substr(1);
    }
    if (c == kStart && held_.empty()) {
        close_at_vt();
        return bytes.substr(1);
    }
    if (!may_be_header(held_ + c)) {
        at_line_start_ = false;
        take_held();
        return bytes;
    }
    ++position_;
    held_ += c;
    if (held_.size() == kHeaderMark) {
        if (begins_anew(first_header_, held_.front())) {
            std::string header = std::exchange(held_, {});
            close_frame(MllpFrame::Kind::payload);
            held_ = std::move(header);
            open_bare();
        } else {
            at_line_start_ = false;
            take_held();
        }
    }
    return bytes.substr(1);
}

/// At a VT in a message without VT: whole only where its last byte ended a segment.
void MllpFramer::close_at_vt() {
    close_frame(at_line_start_ ? MllpFrame::Kind::payload : MllpFrame::Kind::truncated);
    open_frame();
}

std::string_view MllpFramer::after_end(std::string_view bytes) {
    const char c = bytes.front();
    if (is_line_end(c) || c == kStart) {
        bare_ends_ += c == '\r' ? 0U : 1U;
        close_frame(MllpFrame::Kind::payload);
        if (c != kStart) {
            ++position_;
            return bytes.substr(1);
        }
        return bytes;
    }
    state_ = interrupted_;
    take(std::string_view(&kEnd, 1));
    return bytes;
}

/// FS ends a frame also where a heartbeat or another header follows.
std::string_view MllpFramer::after_end_flexible(std::string_view bytes) {
    const char c = bytes.front();
    if (held_.empty()) {
        if (is_line_end(c) || c == kStart) {
            return after_end(bytes);
        }
        if (c >= '\0' && c < ' ' && c != kEnd) {
            ++bare_ends_;
            close_frame(MllpFrame::Kind::payload);
            return bytes;
        }
    }
    if (!may_be_header(held_ + c)) {
        state_ = interrupted_;
        at_line_start_ = false;
        take(std::string_view(&kEnd, 1));
        take_held();
        return bytes;
    }
    ++position_;
    held_ += c;
    if (held_.size() == kHeaderMark) {
        std::string header = std::exchange(held_, {});
        ++bare_ends_;
        close_frame(MllpFrame::Kind::payload);
        held_ = std::move(header);
        open_bare();
    }
    return bytes.substr(1);
}

void MllpFramer::take_held() {
    take(std::exchange(held_, {}));
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
    state_ = State::framed;
}

/// At a header that was read into `held_`.
void MllpFramer::open_bare() {
    current_ = {};
    current_.stream_offset = position_ - held_.size();
    first_header_ = held_.front();
    state_ = State::bare;
    at_line_start_ = false;
    take_held();
}

void MllpFramer::close_frame(MllpFrame::Kind kind) {
    const bool handed_out = std::exchange(skipping_, false);
    state_ = State::outside;
    at_line_start_ = false;
    after_frame_ = kind == MllpFrame::Kind::payload;
    if (handed_out) {
        return;
    }
    if (is_blank(current_.bytes)) {
        ++empty_;
    } else {
        current_.kind = kind == MllpFrame::Kind::payload ? kind_of(current_.bytes) : kind;
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
