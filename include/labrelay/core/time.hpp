#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/core/result.hpp"

namespace labrelay {

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
struct Instant {
    std::int64_t microseconds = 0;

    friend auto operator<=>(const Instant&, const Instant&) = default;
};

/// A calendar day without a zone: days since 1970-01-01. Whole-day arithmetic only.
using LocalDay = std::chrono::sys_days;

enum class Precision : std::uint8_t { year, month, day, hour, minute, second, fraction };

/// A time as a sender or a registry file wrote it: HL7 DTM/TS
/// `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]` or ISO
/// `YYYY[-MM[-DD[THH:MM[:SS[.ffffff]]]]][Z|+HH:MM]`. Fields past `precision` are zero (month and
/// day: 1). Fractions may have nine digits, because senders write them; what is finer than a
/// microsecond stands only in `text`.
struct Timestamp {
    std::string text;  ///< as sent
    Precision precision = Precision::day;
    LocalDay day{};
    std::chrono::microseconds time_of_day{0};
    std::optional<std::chrono::minutes> offset;  ///< where the sender gave one

    bool has_time() const { return precision >= Precision::hour; }
    friend bool operator==(const Timestamp&, const Timestamp&) = default;
};

/// Errors: collection-time-bad, for a registry file csv-value-bad. `error.place.offset` is the byte
/// inside `text`: where a field begins that is incomplete or no such month, day, hour …, or where
/// text is left over.
Result<Timestamp> parse_hl7_time(std::string_view text);
Result<Timestamp> parse_iso_time(std::string_view text);

/// A timestamp seen from a place on earth.
struct LocalTime {
    LocalDay day{};                            ///< the local calendar day
    std::chrono::microseconds time_of_day{0};  ///< local
    bool has_time = false;
    std::optional<Instant> instant;  ///< where time and offset are known
    enum class OffsetFrom : std::uint8_t { none, message, zone } offset_from = OffsetFrom::none;

    friend bool operator==(const LocalTime&, const LocalTime&) = default;
};

/// An IANA zone. Cheap to copy; the time-zone data outlives the process's use of it.
class Zone {
public:
    /// Error: reference-unknown. A default-constructed Zone is no zone and must not be asked.
    static Result<Zone> find(std::string_view iana_name);

    const std::string& name() const { return name_; }
    /// The calendar day and instant of `time` here. A time with an offset is converted; one without
    /// is taken as local. A local time that occurs twice or not at all is
    /// `collection-time-ambiguous`. A day without a time stays the day that was written, whatever
    /// its offset.
    Result<LocalTime> local(const Timestamp& time) const;
    LocalTime local(Instant instant) const;

private:
    std::string name_;
    const void* zone_ = nullptr;  // date::time_zone, kept out of this header
};

/// Version of the time-zone data in use, part of the configuration hash.
std::string tzdata_version();

/// `2026-11-22`.
std::string to_string(LocalDay day);
/// `2026-11-22T08:15:00.000000Z`.
std::string to_iso(Instant instant);
/// HL7 DTM with seconds and `+0000`: for MSH-7 of an ACK.
std::string to_hl7(Instant instant);

/// Time is injected: everything that needs "now" is handed one of these.
class Clock {
public:
    virtual ~Clock() = default;
    virtual Instant now() const = 0;
};

class SystemClock final : public Clock {
public:
    Instant now() const override;
};

}  // namespace labrelay
