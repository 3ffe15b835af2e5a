#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "labrelay/core/error_catalogue.hpp"
#include "labrelay/core/ids.hpp"

namespace labrelay::study {

// What is stored here beside what a study database holds. Pure; what counts as the same stands in
// docs/reconcile.md.

/// A result as one side has it: the columns of the study database that are compared, by name.
struct SideResult {
    std::string result_id;
    std::string subject;  ///< label
    std::string visit;    ///< visit id, else the visit's kind
    std::string analyte;
    std::vector<std::pair<std::string, std::string>> columns;  ///< in the order of the report
};

/// A result that is stored here, as the study database is to hold it.
struct HereResult {
    SideResult result;
    SubjectId subject;
    /// Not to be forwarded any more: it stays there where it was told before, and is not missed.
    bool may_be_absent = false;
    bool waits = false;    ///< a delivery of it is under way: it may still differ
    std::string rejected;  ///< its delivery was refused or its answer lost: the delivery's state
};

/// One thing that does not agree. `key` is the same in every run as long as it stands; the sentence
/// is for the report. No identity in either.
struct Difference {
    Code code{};
    SubjectId subject;  ///< 0: of nobody known
    std::string key;
    std::string sentence;

    friend bool operator==(const Difference&, const Difference&) = default;
};

/// here = same + different + missing + waiting + absent; there = same + different + extra + part of
/// waiting.
struct TargetCounts {
    std::int64_t here = 0;
    std::int64_t there = 0;
    std::int64_t same = 0;
    std::int64_t different = 0;
    std::int64_t missing = 0;
    std::int64_t extra = 0;
    std::int64_t waiting_there = 0;   ///< waits, and an earlier state is there
    std::int64_t waiting_absent = 0;  ///< waits, and nothing is there yet
    std::int64_t absent = 0;          ///< not to be forwarded, and not there

    bool add_up() const {
        return here == same + different + missing + waiting_there + waiting_absent + absent &&
               there == same + different + extra + waiting_there;
    }
};

struct TargetComparison {
    TargetCounts counts;
    std::vector<Difference> differences;  ///< missing-there, differs-there, extra-there
};
/// `subjects`: ids by label, for what is there and not here.
TargetComparison compare_with_target(std::span<const HereResult> here,
                                     std::span<const SideResult> there,
                                     const std::map<std::string, SubjectId>& subjects);

}  // namespace labrelay::study
