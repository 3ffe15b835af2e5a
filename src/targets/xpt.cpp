#include "labrelay/targets/xpt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "labrelay/core/decimal.hpp"

namespace labrelay::targets {
namespace {

constexpr std::size_t kRecord = 80;
constexpr std::size_t kNumberLength = 8;
constexpr std::size_t kLongestName = 8;
constexpr std::size_t kLongestLabel = 40;
constexpr std::size_t kLongestText = kLongestXptText;

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(width, text.size()), ' ');
    return text;
}

std::string filled_record(std::string text) {
    const std::size_t rest = text.size() % kRecord;
    return padded(std::move(text), text.size() + (rest == 0 ? 0 : kRecord - rest));
}

/// `HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!` and thirty digits.
std::string header_record(std::string_view kind, std::string_view digits) {
    return fmt::format("HEADER RECORD*******{:<8}HEADER RECORD!!!!!!!{:0<30}  ", kind, digits);
}

/// `21AUG20:09:14:29`
std::string sas_time(Instant instant) {
    static constexpr std::array<std::string_view, 12> kMonths{
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
    using namespace std::chrono;
    const sys_time<microseconds> time{microseconds{instant.microseconds}};
    const sys_days day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss<seconds> clock{floor<seconds>(time - day)};
    return fmt::format("{:02}{}{:02}:{:02}:{:02}:{:02}", static_cast<unsigned>(date.day()),
                       kMonths[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()) % 100, clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count());
}

std::string big_endian(std::uint64_t value, int bytes) {
    std::string text;
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
        text += static_cast<char>((value >> shift) & 0xffU);
    }
    return text;
}

bool is_number(const DatasetColumn& column) {
    return column.type != DatasetColumn::Type::text;
}

std::size_t width_of(const DatasetColumn& column) {
    if (is_number(column)) {
        return kNumberLength;
    }
    return static_cast<std::size_t>(std::max(1, column.length.value_or(1)));
}

/// 140 bytes that describe one variable; no format, no informat.
std::string namestr(const DatasetColumn& column, std::size_t number, std::size_t position) {
    const std::string no_format = padded({}, 8) + std::string(8, '\0');
    std::string text = big_endian(is_number(column) ? 1 : 2, 2) + big_endian(0, 2) +
                       big_endian(width_of(column), 2) + big_endian(number, 2) +
                       padded(column.name, kLongestName) + padded(column.label, kLongestLabel) +
                       no_format + padded({}, 8) + std::string(4, '\0') + big_endian(position, 4);
    text.resize(140, '\0');
    return text;
}

bool is_printable_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

Result<void> check_head(const DatasetHead& head) {
    const auto bad = [](const std::string& place, std::string detail) {
        return fail(Code::export_text_bad, Place{place}, std::move(detail));
    };
    if (head.name.empty() || head.name.size() > kLongestName || !is_printable_ascii(head.name) ||
        head.label.size() > kLongestLabel || !is_printable_ascii(head.label)) {
        return bad(head.name, "Names have at most 8 ASCII characters, labels 40.");
    }
    for (const DatasetColumn& column : head.columns) {
        const std::string place = head.name + " " + column.name;
        if (column.name.empty() || column.name.size() > kLongestName ||
            column.label.size() > kLongestLabel ||
            !is_printable_ascii(column.name + column.label)) {
            return bad(place, "Names have at most 8 ASCII characters, labels 40.");
        }
        if (width_of(column) > kLongestText) {
            return bad(place, fmt::format("A text of {} bytes; a transport file holds {}.",
                                          width_of(column), kLongestText));
        }
    }
    return {};
}

}  // namespace

Result<std::string> xpt_number(std::string_view decimal) {
    double value = 0;
    const auto read = std::from_chars(decimal.data(), decimal.data() + decimal.size(), value);
    if (!Decimal::parse(decimal) || read.ec != std::errc{}) {
        return fail(Code::export_number_bad);
    }
    if (value == 0) {
        return std::string(kNumberLength, '\0');
    }
    // |value| = mantissa * 2^exponent with 53 bits in front of the point of `digits`; IBM wants
    // fraction * 16^(biased - 64) with 1/16 <= fraction < 1.
    int exponent = 0;
    const double mantissa = std::frexp(std::fabs(value), &exponent);
    const auto digits = static_cast<std::uint64_t>(std::ldexp(mantissa, 53));
    const int power = exponent > 0 ? (exponent + 3) / 4 : -(-exponent / 4);
    const int biased = power + 64;
    if (biased < 0 || biased > 127) {
        return fail(Code::export_number_bad, {}, "It is out of the range of a transport file.");
    }
    const std::uint64_t fraction = digits << (3 + exponent - 4 * power);
    const std::uint64_t sign = value < 0 ? 0x80U : 0U;
    return big_endian(((sign | static_cast<std::uint64_t>(biased)) << 56U) | fraction, 8);
}

std::string xpt_missing() {
    return padded(".", 1) + std::string(kNumberLength - 1, '\0');
}

Result<std::string> xpt_opening(const DatasetHead& head, const XptWriter& writer) {
    if (Result<void> checked = check_head(head); !checked) {
        return tl::unexpected<Error>(checked.error());
    }
    const std::string created = sas_time(writer.created);
    const std::string modified = sas_time(writer.modified);
    const std::string by = padded(writer.version, 8) + padded(writer.system, 8) + padded({}, 24);
    std::string text =
        header_record("LIBRARY", {}) + "SAS     SAS     SASLIB  " + by + created +
        padded(modified, kRecord) + header_record("MEMBER", "000000000000000001600000000140") +
        header_record("DSCRPTR", {}) + "SAS     " + padded(head.name, 8) + "SASDATA " + by +
        created + modified + padded({}, 16) + padded(head.label, kLongestLabel) + padded({}, 8) +
        header_record("NAMESTR", fmt::format("{:010}", head.columns.size()));
    std::string names;
    std::size_t position = 0;
    for (std::size_t index = 0; index < head.columns.size(); ++index) {
        names += namestr(head.columns[index], index + 1, position);
        position += width_of(head.columns[index]);
    }
    return text + filled_record(std::move(names)) + header_record("OBS", {});
}

Result<std::string> xpt_row(const DatasetHead& head, const DatasetRow& row, std::int64_t number) {
    std::string text;
    for (std::size_t index = 0; index < head.columns.size(); ++index) {
        const DatasetColumn& column = head.columns[index];
        const DatasetCell& cell = row.at(index);
        const auto place = [&] {
            return Place{fmt::format("{} row {} {}", head.name, number, column.name)};
        };
        if (is_number(column)) {
            Result<std::string> bytes = cell ? xpt_number(*cell) : xpt_missing();
            if (!bytes) {
                return fail(bytes.error().code, place(), bytes.error().detail);
            }
            text += *bytes;
            continue;
        }
        const std::string value = cell.value_or(std::string());
        if (!is_printable_ascii(value)) {
            return fail(Code::export_text_bad, place(), "A transport file holds ASCII only.");
        }
        if (value.size() > width_of(column)) {
            return fail(Code::export_text_bad, place(),
                        fmt::format("It has {} bytes; {} fit.", value.size(), width_of(column)));
        }
        text += padded(value, width_of(column));
    }
    return text;
}

std::string xpt_closing(const DatasetHead& head) {
    std::size_t width = 0;
    for (const DatasetColumn& column : head.columns) {
        width += width_of(column);
    }
    const std::size_t rest = width * static_cast<std::size_t>(head.records) % kRecord;
    return padded({}, rest == 0 ? 0 : kRecord - rest);
}

}  // namespace labrelay::targets
