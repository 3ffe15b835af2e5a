#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/study/held_result.hpp"
#include "labrelay/study/placement.hpp"

namespace labrelay::study {

/// What the schedule expects of a subject, what is there, held, and missing. Pure. The rules stand
/// in src/study/completeness.md.

enum class WindowState : std::uint8_t {
    unknown,       ///< the date that it is counted from is not known
    not_expected,  ///< the subject withdrew, or failed screening
    not_yet_open,
    open,
    closed,
};
std::string_view to_string(WindowState state);  ///< "not yet open" …

enum class ItemState : std::uint8_t { there, held, missing };
std::string_view to_string(ItemState state);

/// One thing that a panel expects: a value of any one of some analytes.
struct ExpectedItem {
    std::vector<std::string> any_of;
    ItemState state = ItemState::missing;
    std::string analyte;  ///< there: which of them
    std::string value_text;
    std::string unit;
    std::optional<ObservationId> id;
    bool chosen = false;     ///< of the draw that stands for the visit
    bool delivered = false;  ///< some target was told of it
    bool derived = false;
    std::string remark;            ///< why not there: no result, preliminary …; may be empty
    std::vector<HeldResult> held;  ///< of these analytes, drawn in the window
};

struct ExpectedPanel {
    std::string id;
    std::string name;
    std::vector<ExpectedItem> items;
};

struct ExpectedVisit {
    std::string id;
    std::string name;
    WindowState window = WindowState::unknown;
    std::optional<LocalDay> from;
    std::optional<LocalDay> until;
    /// Until it opens, until it closes (0: today is the last day), since it closed.
    int days = 0;
    std::string because;  ///< why not expected or not known, what ended it early; may be empty
    std::vector<ExpectedPanel> panels;  ///< none where not expected
    std::vector<HeldResult> held;       ///< drawn in the window, of nothing that is expected

    std::size_t count(ItemState state) const;
};

struct Completeness {
    LocalDay today{};  ///< at the subject's site
    std::vector<ExpectedVisit> visits;
    std::vector<HeldResult> held;  ///< in no visit's window, or not dated

    bool misses_in_closed_window() const;
};

struct CompletenessQuestion {
    const SubjectState& results;
    const Subject& subject;
    const StudyDefinition& study;
    Instant as_of;
    std::span<const HeldResult> held = {};
};
Completeness complete(const CompletenessQuestion& question);

}  // namespace labrelay::study
