#include "../../../src/simulate/world.hpp"

#include <gtest/gtest.h>

#include <string>

namespace labrelay::simulate {
namespace {

/// Consent on 2024-01-08; doses on 2024-01-22 10:30, 02-21 10:00 and 03-23 10:00.
Subject dosed() {
    Subject subject;
    subject.consent = make_day(2024, 1, 8);
    subject.infusions = {at(make_day(2024, 1, 22), 10, 30), at(make_day(2024, 2, 21), 10),
                         at(make_day(2024, 3, 23), 10)};
    return subject;
}

struct Placed {
    Moment collected;
    const char* visit;
};

// Worked out on a calendar from the protocol's table.
const Placed kPlaced[] = {
    {at(make_day(2024, 1, 7), 23, 59), ""},  // before screening
    {at(make_day(2024, 1, 8), 0), "SCR"},
    {at(make_day(2024, 1, 18), 23, 59), "SCR"},  // the day before M0's window
    {at(make_day(2024, 1, 19), 0), "M0"},
    {at(make_day(2024, 1, 22), 10, 29), "M0"},
    {at(make_day(2024, 1, 22), 10, 31), ""},  // after the dose began
    {at(make_day(2024, 2, 13), 23, 59), ""},
    {at(make_day(2024, 2, 14), 0), "M1"},  // day 23
    {at(make_day(2024, 2, 21), 9, 59), "M1"},
    {at(make_day(2024, 2, 22), 8), ""},    // within the window, after the dose
    {at(make_day(2024, 3, 16), 8), "M2"},  // day 54
    {at(make_day(2024, 4, 7), 8), ""},
    {at(make_day(2024, 4, 8), 0), "M3"},       // day 77
    {at(make_day(2024, 5, 6), 23, 59), "M3"},  // day 105
    {at(make_day(2024, 5, 7), 0), ""},
    {at(make_day(2024, 7, 2), 8), "M6"},     // day 162
    {at(make_day(2024, 8, 13), 8), "M6"},    // day 204
    {at(make_day(2024, 12, 22), 8), "M12"},  // day 335
    {at(make_day(2025, 2, 20), 8), "M12"},   // day 395
    {at(make_day(2025, 2, 21), 8), ""},
};

TEST(World, BloodBelongsToTheVisitOfTheProtocolsTable) {
    const Subject subject = dosed();
    for (const Placed& row : kPlaced) {
        const ScheduledVisit* visit = visit_of(subject, row.collected);
        EXPECT_EQ(visit == nullptr ? "" : std::string(visit->id), row.visit)
            << iso_minute(row.collected);
    }
}

TEST(World, ScreeningLastsItsWholeWindowWhereNoDoseIsKnown) {
    Subject subject = dosed();
    subject.infusions = {};
    EXPECT_EQ(visit_of(subject, at(make_day(2024, 2, 5), 8))->id, "SCR");
    EXPECT_EQ(visit_of(subject, at(make_day(2024, 2, 6), 8)), nullptr);
    subject.screening_from = make_day(2024, 1, 10);
    EXPECT_EQ(visit_of(subject, at(make_day(2024, 1, 9), 8)), nullptr);
    EXPECT_EQ(visit_of(subject, at(make_day(2024, 2, 7), 8))->id, "SCR");
}

TEST(World, TheSiteIsEightHoursAheadOfUniversalTime) {
    EXPECT_EQ(hl7_utc(at(make_day(2024, 3, 1), 7, 30)), "20240229233000+0000");
    EXPECT_EQ(hl7_with_offset(at(make_day(2024, 3, 1), 7, 30)), "20240301073000+0800");
}

}  // namespace
}  // namespace labrelay::simulate
