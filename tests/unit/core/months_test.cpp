#include "labrelay/core/months.hpp"

#include <gtest/gtest.h>

namespace labrelay {
namespace {

LocalDay day(std::string_view iso) {
    return parse_iso_time(iso)->day;
}

struct MonthsCase {
    const char* from;
    int months;
    const char* to;
};

// A month that lacks the day ends the count on its last day.
constexpr MonthsCase kMonths[] = {
    {"2023-10-10", 3, "2024-01-10"},  {"2023-08-31", 3, "2023-11-30"},
    {"2023-11-30", 3, "2024-02-29"},  {"2022-11-30", 3, "2023-02-28"},
    {"2024-02-29", 12, "2025-02-28"}, {"2024-02-29", 48, "2028-02-29"},
    {"2024-01-31", -2, "2023-11-30"}, {"2024-01-10", -13, "2022-12-10"},
    {"2024-12-31", 2, "2025-02-28"},  {"2024-05-05", 0, "2024-05-05"},
};

TEST(Months, CountByTheCalendar) {
    for (const MonthsCase& row : kMonths) {
        EXPECT_EQ(to_string(plus_months(day(row.from), row.months)), row.to)
            << row.from << " and " << row.months;
    }
}

TEST(Months, WholeOnesAreThoseThatWereCompleted) {
    EXPECT_EQ(whole_months(day("2023-10-10"), day("2024-01-09")), 2);
    EXPECT_EQ(whole_months(day("2023-10-10"), day("2024-01-10")), 3);
    EXPECT_EQ(whole_months(day("2023-11-30"), day("2024-02-29")), 3);
    EXPECT_EQ(whole_months(day("2023-11-30"), day("2024-02-28")), 2);
    EXPECT_EQ(whole_months(day("2024-01-10"), day("2024-01-10")), 0);
    EXPECT_EQ(whole_months(day("2024-02-10"), day("2024-01-10")), 0);
}

// Adding the whole months never passes the day, and one more always does.
TEST(Months, WholeOnesAgreeWithTheSum) {
    const LocalDay from = day("2023-01-29");
    for (LocalDay to = from; to < day("2025-03-02"); to += std::chrono::days(1)) {
        const int months = whole_months(from, to);
        EXPECT_LE(plus_months(from, months), to);
        EXPECT_GT(plus_months(from, months + 1), to);
    }
}

TEST(Months, ADateIsAsManyDaysAsItsPrecisionLeaves) {
    EXPECT_EQ(days_of(*parse_iso_time("2024")), (DaySpan{day("2024-01-01"), day("2024-12-31")}));
    EXPECT_EQ(days_of(*parse_iso_time("2024-02")), (DaySpan{day("2024-02-01"), day("2024-02-29")}));
    EXPECT_EQ(days_of(*parse_iso_time("2024-02-10")),
              (DaySpan{day("2024-02-10"), day("2024-02-10")}));
    EXPECT_EQ(days_of(*parse_iso_time("2024-02-10T08:15")).last, day("2024-02-10"));
    EXPECT_EQ(to_date_text(*parse_iso_time("2024")), "2024");
    EXPECT_EQ(to_date_text(*parse_iso_time("2024-02")), "2024-02");
    EXPECT_EQ(to_date_text(*parse_iso_time("2024-02-10T08:15")), "2024-02-10");
}

}  // namespace
}  // namespace labrelay
