#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "labrelay/core/decimal.hpp"

namespace labrelay::study {

// The inclusion and exclusion items of a protocol as its study.xml says them: data that
// criteria.hpp evaluates. Limits are in the analyte's canonical unit. What each rule means case by
// case stands in src/study/criteria.md.

/// A date of the registry from which a therapy counts.
enum class TherapyDate : std::uint8_t { art_start, regimen_changed };

/// No laboratory result can decide it.
struct SiteAttests {};

/// Old enough on the day that screening begins.
struct AgeRule {
    int years = 0;
};

/// Treated for so long at screening.
struct TherapyRule {
    TherapyDate since = TherapyDate::art_start;
    int months = 0;
};

/// `count` results below the limit, so far apart, the most recent one at screening among them.
struct SuppressionRule {
    std::string analyte;
    /// The same quantity in units that the limit cannot be compared with.
    std::vector<std::string> not_comparable;
    int count = 2;
    int months_apart = 0;
    Decimal below;
};

/// Below a limit that depends on how long the therapy had lasted when the blood was drawn.
struct TherapyLimitRule {
    struct Band {
        int from_months = 0;              ///< included …
        std::optional<int> until_months;  ///< … and not included
        bool exactly_from_counts = true;  ///< false: exactly `from_months` is undecided
        Decimal below;
    };
    std::string analyte;
    TherapyDate since = TherapyDate::art_start;
    std::vector<Band> bands;  ///< in order, without overlap
};

/// Strictly below or strictly above a limit.
struct LimitRule {
    enum class Side : std::uint8_t { below, above };
    std::string analyte;
    Side side = Side::below;
    Decimal limit;
};

/// Any detection, also one that is too little to count.
struct DetectionRule {
    std::vector<std::string> analytes;  ///< of one specimen the first that has a result decides
};

/// Positive antibodies, and a sentence about a limit of another analyte that can be read three
/// ways.
struct SerologyRule {
    enum class Reading : std::uint8_t {
        each_or_limit,   ///< each positive, and beyond the limit
        each_and_limit,  ///< each positive only together with beyond the limit
        limit_binds,     ///< each positive; of the analytes in `binds` only beyond the limit
    };
    std::vector<std::string> analytes;
    std::optional<LimitRule> limit;
    std::vector<std::string> binds;
    Reading reading = Reading::each_or_limit;
};

/// A pregnancy test, where child-bearing potential is recorded.
struct PregnancyRule {
    std::string word_analyte;    ///< positive or negative; may be empty
    std::string number_analyte;  ///< may be empty
    Decimal negative_below;
    Decimal positive_from;
};

using CriterionRule =
    std::variant<SiteAttests, AgeRule, TherapyRule, SuppressionRule, TherapyLimitRule, LimitRule,
                 DetectionRule, SerologyRule, PregnancyRule>;

struct Condition {
    std::string id;    ///< viral-load; unique within the study
    std::string text;  ///< short; empty where the criterion's text says it all
    CriterionRule rule;
};

/// One item of the protocol. An inclusion is met where all its conditions are, an exclusion where
/// one is.
struct Criterion {
    enum class Sort : std::uint8_t { inclusion, exclusion };
    std::string id;  ///< I3
    Sort sort = Sort::inclusion;
    std::string text;  ///< the protocol's words, in short
    std::vector<Condition> conditions;
};

}  // namespace labrelay::study
