#include "labrelay/core/time.hpp"

#include <fmt/format.h>

#include <utility>

namespace labrelay {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes kLargestOffset = hours(14);

/// Reads fields of a fixed number of digits; what went wrong is where it stands.
class FieldReader {
public:
    FieldReader(std::string_view text, Code code) : text_(text), code_(code) {}

    bool at_end() const { return at_ == text_.size(); }
    bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }
    bool next_is_digit() const {
        return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9';
    }
    bool accept(char c) {
        const bool here = next_is(c);
        at_ += here ? 1 : 0;
        return here;
    }

    Result<int> number(std::size_t digits, int least, int most) {
        const std::size_t start = at_;
        int value = 0;
        for (; at_ < start + digits; ++at_) {
            if (!next_is_digit()) {
                return failed_at(start);
            }
            value = value * 10 + (text_[at_] - '0');
        }
        if (value < least || value > most) {
            return failed_at(start);
        }
        return value;
    }

    tl::unexpected<Error> failed() const { return failed_at(at_); }
    tl::unexpected<Error> failed_at(std::size_t offset) const {
        return fail(code_, Place{{}, offset});
    }
    std::size_t at() const { return at_; }

private:
    std::string_view text_;
    Code code_;
    std::size_t at_ = 0;
};

/// How the two notations differ: ISO puts marks between the fields.
struct Notation {
    bool iso = false;
    Code code{};
};

using Read = tl::expected<void, Error>;

Read read_fraction(FieldReader& reader, Timestamp& time) {
    constexpr int kMostDigits = 9;
    int digits = 0;
    std::int64_t micros = 0;
    for (std::int64_t unit = 100'000; reader.next_is_digit() && digits < kMostDigits; ++digits) {
        const auto digit = reader.number(1, 0, 9);
        micros += *digit * unit;
        unit /= 10;
    }
    if (digits == 0) {
        return reader.failed();
    }
    time.time_of_day += microseconds(micros);
    time.precision = Precision::fraction;
    return {};
}

Read read_date(FieldReader& reader, Notation notation, Timestamp& time) {
    const auto more = [&] { return notation.iso ? reader.accept('-') : reader.next_is_digit(); };
    const auto year = reader.number(4, 1, 9999);
    if (!year) {
        return tl::unexpected(year.error());
    }
    int month = 1;
    int day = 1;
    time.precision = Precision::year;
    std::size_t day_at = reader.at();
    if (more()) {
        const auto read_month = reader.number(2, 1, 12);
        if (!read_month) {
            return tl::unexpected(read_month.error());
        }
        month = *read_month;
        time.precision = Precision::month;
        if (more()) {
            day_at = reader.at();
            const auto read_day = reader.number(2, 1, 31);
            if (!read_day) {
                return tl::unexpected(read_day.error());
            }
            day = *read_day;
            time.precision = Precision::day;
        }
    }
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok()) {
        return reader.failed_at(day_at);
    }
    time.day = std::chrono::sys_days(date);
    return {};
}

Read read_time_of_day(FieldReader& reader, Notation notation, Timestamp& time) {
    const auto more = [&] { return notation.iso ? reader.accept(':') : reader.next_is_digit(); };
    const auto hour = reader.number(2, 0, 23);
    if (!hour) {
        return tl::unexpected(hour.error());
    }
    time.time_of_day = hours(*hour);
    time.precision = Precision::hour;
    if (!more()) {
        return notation.iso ? Read(reader.failed()) : Read();  // ISO has no bare hour
    }
    const auto minute = reader.number(2, 0, 59);
    if (!minute) {
        return tl::unexpected(minute.error());
    }
    time.time_of_day += minutes(*minute);
    time.precision = Precision::minute;
    if (!more()) {
        return {};
    }
    const auto second = reader.number(2, 0, 59);
    if (!second) {
        return tl::unexpected(second.error());
    }
    time.time_of_day += seconds(*second);
    time.precision = Precision::second;
    return reader.accept('.') ? read_fraction(reader, time) : Read();
}

Read read_offset(FieldReader& reader, Notation notation, Timestamp& time) {
    if (notation.iso && reader.accept('Z')) {
        time.offset = minutes(0);
        return {};
    }
    const std::size_t start = reader.at();
    const bool west = reader.accept('-');
    if (!west && !reader.accept('+')) {
        return {};
    }
    const auto offset_hours = reader.number(2, 0, 14);
    if (!offset_hours) {
        return tl::unexpected(offset_hours.error());
    }
    if (notation.iso && !reader.accept(':')) {
        return reader.failed();
    }
    const auto offset_minutes = reader.number(2, 0, 59);
    if (!offset_minutes) {
        return tl::unexpected(offset_minutes.error());
    }
    const minutes offset = hours(*offset_hours) + minutes(*offset_minutes);
    if (offset > kLargestOffset) {
        return reader.failed_at(start);
    }
    time.offset = west ? -offset : offset;
    return {};
}

Result<Timestamp> parse(std::string_view text, Notation notation) {
    FieldReader reader(text, notation.code);
    Timestamp time;
    time.text = std::string(text);
    Read read = read_date(reader, notation, time);
    if (read && time.precision == Precision::day &&
        (notation.iso ? reader.accept('T') : reader.next_is_digit())) {
        read = read_time_of_day(reader, notation, time);
    }
    if (read) {
        read = read_offset(reader, notation, time);
    }
    if (!read) {
        return tl::unexpected(std::move(read).error());
    }
    if (!reader.at_end()) {
        return reader.failed();
    }
    return time;
}

struct Civil {
    int year;
    unsigned month;
    unsigned day;
    std::int64_t hour, minute, second, micros;
};

Civil civil(Instant instant) {
    const std::chrono::sys_time<microseconds> time{microseconds(instant.microseconds)};
    const auto day = std::chrono::floor<days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    return {static_cast<int>(date.year()),     static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day()), clock.hours().count(),
            clock.minutes().count(),           clock.seconds().count(),
            clock.subseconds().count()};
}

}  // namespace

Result<Timestamp> parse_hl7_time(std::string_view text) {
    return parse(text, {false, Code::collection_time_bad});
}

Result<Timestamp> parse_iso_time(std::string_view text) {
    return parse(text, {true, Code::csv_value_bad});
}

std::string to_string(LocalDay day) {
    const std::chrono::year_month_day date(day);
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string to_iso(Instant instant) {
    const Civil c = civil(instant);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", c.year, c.month, c.day, c.hour,
                       c.minute, c.second, c.micros);
}

std::string to_hl7(Instant instant) {
    const Civil c = civil(instant);
    return fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}+0000", c.year, c.month, c.day, c.hour,
                       c.minute, c.second);
}

Instant SystemClock::now() const {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return Instant{std::chrono::duration_cast<microseconds>(now).count()};
}

}  // namespace labrelay
