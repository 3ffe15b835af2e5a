#include "world.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace labrelay::simulate {
namespace {

/// Characters whose second byte in GB 18030 is one of HL7's delimiters: a reader that splits before
/// it decodes cuts these names in two.
constexpr std::array<std::string_view, 8> kTreacherous{"億", "媩", "峖", "俓",
                                                       "崀", "恀", "東", "椀"};
constexpr std::array<std::string_view, 10> kPlain{"甲", "乙", "丙", "丁", "戊",
                                                  "己", "庚", "辛", "壬", "癸"};

/// What the story says of one part: days from consent to the first infusion, days of the doses
/// after it, and the draws.
struct Part {
    int consent_after;  ///< days after the trial's first consent
    std::optional<int> first_infusion;
    std::array<std::optional<int>, 2> later_doses;
    Draws draws;
    bool female;
};

const std::array<Part, kCast> kParts{{
    // on_time: every visit on its target day
    {0, 18, {{30, 61}}, {{0, 0, 30, 61, 91, 183, 365}}, false},
    // early: every visit on the first day of its window
    {6, 15, {{24, 55}}, {{0, -3, 23, 54, 77, 162, 335}}, true},
    // late: on the last day of each window, and one day past the last one
    {13, 34, {{37, 68}}, {{28, 0, 37, 68, 105, 204, 396}}, false},
    // unscheduled
    {21, 14, {{30, 61}}, {{1, 0, 30, 61, 90, 184, 366}}, true},
    // screen_failure
    {27, std::nullopt, {}, {{2, {}, {}, {}, {}, {}, {}}}, false},
    // enrolled_late
    {36, 20, {{30, 61}}, {{0, -2, 29, 60, 92, 180, 361}}, false},
    // withdrawn after the second dose
    {48, 16, {{31, {}}}, {{1, 0, 31, {}, {}, {}, {}}}, true},
    // screened_before
    {54, 17, {{30, 62}}, {{0, -1, 30, 62, 93, 187, 395}}, false},
    // two_draws
    {63, 24, {{30, 61}}, {{3, 0, 30, 61, 92, 183, 367}}, false},
    // in_screening
    {420, std::nullopt, {}, {{28, {}, {}, {}, {}, {}, {}}}, true},
}};

Person make_person(std::size_t number, bool female, Random& random) {
    Person person;
    person.mrn = fmt::format("{:08}", 481000 + number * 37);
    person.name = fmt::format("测{}{}", kTreacherous[number % kTreacherous.size()],
                              kPlain[number % kPlain.size()]);
    person.birth = make_day(static_cast<int>(random.between(1968, 1994)),
                            static_cast<unsigned>(random.between(1, 12)),
                            static_cast<unsigned>(random.between(1, 28)));
    person.female = female;
    return person;
}

Enrolment play(const Part& part, std::size_t number, Random& random) {
    Enrolment enrolment;
    Subject& subject = enrolment.subject;
    subject.person = make_person(number, part.female, random);
    subject.screening_no = fmt::format("SCR-{:03}", number);
    subject.consent = make_day(2023, 5, 10) + std::chrono::days{part.consent_after};
    subject.art_start = subject.consent - std::chrono::days{random.between(800, 2400)};
    if (part.first_infusion) {
        subject.subject_no = fmt::format("S-{:03}", number);
        const Day first = subject.consent + std::chrono::days{*part.first_infusion};
        subject.infusions[0] = at(first, 10, 30);
        for (std::size_t i = 0; i < part.later_doses.size(); ++i) {
            if (part.later_doses[i]) {
                subject.infusions[i + 1] =
                    at(first + std::chrono::days{*part.later_doses[i]}, 10, 0);
            }
        }
    }
    subject.course.cd4 = random.between(130, 290);
    subject.course.cd4_gain = random.between(-10, 190);
    subject.course.cd8 = random.between(480, 980);
    enrolment.draws = part.draws;
    return enrolment;
}

}  // namespace

const ScheduledVisit& scheduled_visit(std::string_view id) {
    return *std::ranges::find(kSchedule, id, &ScheduledVisit::id);
}

Day target_day(const Subject& subject, const ScheduledVisit& visit) {
    const Day anchor = visit.from_infusion ? subject.infusions[0]->day : subject.screening_anchor();
    return anchor + std::chrono::days{visit.target};
}

const ScheduledVisit* visit_of(const Subject& subject, Moment collected) {
    for (const ScheduledVisit& visit : kSchedule) {
        if (visit.from_infusion && !subject.infusions[0]) {
            continue;
        }
        const Day anchor =
            visit.from_infusion ? subject.infusions[0]->day : subject.screening_anchor();
        const int offset = days_between(anchor, collected.day);
        if (offset < visit.from || offset > visit.until) {
            continue;
        }
        if (!visit.from_infusion && subject.infusions[0]) {
            const Day first_of_m0 =
                subject.infusions[0]->day + std::chrono::days{scheduled_visit("M0").from};
            if (collected.day >= first_of_m0) {
                continue;
            }
        }
        if (visit.before_infusion > 0) {
            const auto& dose =
                subject.infusions[static_cast<std::size_t>(visit.before_infusion - 1)];
            if (dose && collected >= *dose) {
                continue;
            }
        }
        return &visit;
    }
    return nullptr;
}

std::vector<Enrolment> enrol(std::size_t count, Random& random) {
    std::vector<Enrolment> enrolments;
    for (std::size_t i = 0; i < count; ++i) {
        Part part = kParts[i < kCast ? i : 0];
        if (i >= kCast) {
            part.consent_after = static_cast<int>(70 + 9 * (i - kCast));
            part.female = i % 3 == 0;
        }
        enrolments.push_back(play(part, i + 1, random));
    }
    auto& before = enrolments[static_cast<std::size_t>(Cast::screened_before)].subject;
    before.screening_from = before.consent + std::chrono::days{2};
    auto& failed = enrolments[static_cast<std::size_t>(Cast::screen_failure)].subject;
    failed.screen_failed = failed.consent + std::chrono::days{9};
    failed.course.suppressed = false;
    auto& withdrawn = enrolments[static_cast<std::size_t>(Cast::withdrawn)].subject;
    withdrawn.withdrawn = withdrawn.infusions[0]->day + std::chrono::days{40};
    return enrolments;
}

Person bystander(std::size_t number, Random& random) {
    Person person = make_person(number, number % 2 == 0, random);
    person.mrn = fmt::format("{:08}", 610000 + number * 53);
    return person;
}

}  // namespace labrelay::simulate
