#pragma once

#include <array>
#include <string_view>

#include "labrelay/core/time.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::mapping {

/// A date of a subject: its column, its member, and the least precision that means something.
struct SubjectDate {
    std::string_view column;
    std::optional<Timestamp> study::Subject::*member;
    Precision least;
};

inline constexpr std::array kSubjectDates{
    SubjectDate{"birth_date", &study::Subject::birth_date, Precision::year},
    SubjectDate{"consent_date", &study::Subject::consent_date, Precision::day},
    SubjectDate{"screening_from", &study::Subject::screening_from, Precision::day},
    SubjectDate{"first_infusion", &study::Subject::first_infusion, Precision::day},
    SubjectDate{"second_infusion", &study::Subject::second_infusion, Precision::day},
    SubjectDate{"third_infusion", &study::Subject::third_infusion, Precision::day},
    SubjectDate{"randomised_at", &study::Subject::randomised_at, Precision::day},
    SubjectDate{"withdrawn_at", &study::Subject::withdrawn_at, Precision::day},
    SubjectDate{"screen_failed_at", &study::Subject::screen_failed_at, Precision::day},
    SubjectDate{"art_start", &study::Subject::art_start, Precision::year},
    SubjectDate{"regimen_changed", &study::Subject::regimen_changed, Precision::year},
};

/// The column of the first infusion that lies before an earlier one; empty where all are in order.
/// Of what is known: a third infusion may be known without the second.
std::string_view infusion_out_of_order(const study::Subject& subject);

}  // namespace labrelay::mapping
