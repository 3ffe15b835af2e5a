#include "labrelay/core/ids.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>

#include "labrelay/core/stored_late.hpp"

namespace labrelay {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kLength = 13;

std::optional<std::int64_t> digit_value(char c) {
    if (c >= 'a' && c <= 'z') {
        c = static_cast<char>(c - 'a' + 'A');
    }
    if (c == 'O') {
        return 0;
    }
    if (c == 'I' || c == 'L') {
        return 1;
    }
    const auto at = kDigits.find(c);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(at);
}

constexpr int kCounterBits = 14;
constexpr int kNodeBits = 8;
constexpr std::int64_t kCounterMask = (std::int64_t{1} << kCounterBits) - 1;
constexpr std::int64_t kLastMillisecond = (std::int64_t{1} << 41) - 1;
constexpr std::int64_t kEpochMilliseconds = 1'577'836'800'000;  // 2020-01-01T00:00:00Z

std::int64_t milliseconds_of(std::int64_t id) {
    return id >> (kCounterBits + kNodeBits);
}

std::int64_t compose(std::int64_t milliseconds, std::uint8_t node, std::int64_t counter) {
    return (milliseconds << (kCounterBits + kNodeBits)) | (std::int64_t{node} << kCounterBits) |
           counter;
}

}  // namespace

std::string to_base32(MessageId id) {
    std::string text(kLength, '0');
    auto rest = static_cast<std::uint64_t>(id.value);
    for (std::size_t i = kLength; i-- > 0;) {
        text[i] = kDigits[rest & 31U];
        rest >>= 5U;
    }
    return text;
}

std::string to_string(ObservationId id) {
    return fmt::format("{}-{}", to_base32(id.message), id.ordinal);
}

std::optional<MessageId> parse_message_id(std::string_view base32) {
    if (base32.size() != kLength || base32.front() < '0' || base32.front() > '7') {
        return std::nullopt;  // 13 digits carry 65 bits, an id has 63
    }
    std::int64_t value = 0;
    for (const char c : base32) {
        const auto digit = digit_value(c);
        if (!digit) {
            return std::nullopt;
        }
        value = (value << 5) | *digit;
    }
    if (value == 0) {
        return std::nullopt;
    }
    return MessageId{value};
}

MessageId earlier(MessageId id, std::chrono::milliseconds by) {
    return MessageId{
        std::max<std::int64_t>(0, compose(milliseconds_of(id.value) - by.count(), 0, 0))};
}

MessageIdSource::MessageIdSource(const Clock& clock, std::uint8_t node, MessageId not_before)
    : clock_(clock), node_(node), last_(not_before.value) {}

MessageId MessageIdSource::next() {
    const std::int64_t since_epoch = clock_.now().microseconds / 1000 - kEpochMilliseconds;
    const std::lock_guard lock(mutex_);
    std::int64_t milliseconds = std::max(since_epoch, milliseconds_of(last_));
    std::int64_t counter = 0;
    if (milliseconds == milliseconds_of(last_)) {
        counter = (last_ & kCounterMask) + 1;
        // A full counter, or a last id of a node with a higher number, is left behind by one
        // millisecond that the clock has not reached yet.
        if (counter > kCounterMask || compose(milliseconds, node_, counter) <= last_) {
            ++milliseconds;
            counter = 0;
        }
    }
    if (milliseconds > kLastMillisecond) {
        throw std::overflow_error("message ids end in 2089; check the clock");
    }
    last_ = compose(milliseconds, node_, counter);
    return MessageId{last_};
}

}  // namespace labrelay
