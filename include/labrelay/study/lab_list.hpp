#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "labrelay/study/held_result.hpp"
#include "labrelay/study/reconcile.hpp"
#include "labrelay/study/registry.hpp"
#include "labrelay/study/state.hpp"

namespace labrelay::study {

// The laboratory's own list of what it reported, beside what arrived. Pure; what counts as the same
// stands in docs/reconcile.md. Nothing that names a person leaves it.

/// One line of the list. Empty: the list does not say.
struct LabListRow {
    std::size_t line = 0;               ///< of the file
    std::string subject;                ///< subject or screening number …
    std::optional<Identifier> patient;  ///< … or an identifier
    std::optional<Sex> sex;
    std::optional<Timestamp> birth_date;
    std::string visit;
    std::optional<Timestamp> collected;
    std::string accession;  ///< the specimen's or the order's number
    std::string analyte;    ///< key …
    std::string code;       ///< … or the laboratory's code
    std::string value;
    std::string unit;
};

/// rows = same + different + held + never_arrived + repeated; `header` counts rows of any kind.
struct ListCounts {
    std::int64_t rows = 0;
    std::int64_t same = 0;
    std::int64_t different = 0;  ///< another value or unit
    std::int64_t held = 0;       ///< arrived, and held here
    std::int64_t never_arrived = 0;
    std::int64_t repeated = 0;
    std::int64_t header = 0;  ///< header fields differ

    bool add_up() const { return rows == same + different + held + never_arrived + repeated; }
};

struct ListComparison {
    ListCounts counts;
    std::vector<Difference> differences;  ///< never-arrived, list-differs, header-differs …
    /// What this list shows to be in order: a problem of an earlier run about it is settled.
    std::vector<Difference> settled;
};

/// One subject with what is stored and held of it.
struct ListedSubject {
    const Subject* subject = nullptr;
    const SubjectState* results = nullptr;
    std::span<const HeldResult> held;
};
ListComparison compare_with_list(std::span<const LabListRow> rows,
                                 std::span<const ListedSubject> subjects);

}  // namespace labrelay::study
