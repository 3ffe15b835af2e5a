#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/ids.hpp"
#include "labrelay/core/result.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/act.hpp"
#include "labrelay/store/desk.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

/// A value that somebody must know at once. Written by the committer with the result, whether that
/// is stored or held; never removed.
struct CriticalRow {
    ObservationId id;
    std::string rule;                  ///< id of the study's check
    std::optional<SubjectId> subject;  ///< nothing: nobody could be found for it yet
    std::string visit;                 ///< where the result is placed; empty: nowhere yet
    std::string analyte;
    std::string value_text;
    std::string unit;
    std::string source;
    Instant at;
    std::string acknowledged_by;  ///< empty: nobody yet
    std::optional<Instant> acknowledged;
    std::string note;
};

struct CriticalFilter {
    bool open_only = false;
    ObservationId after;  ///< the last one seen: what is listed comes before it
    std::size_t limit = 500;
};
/// The newest first.
std::vector<CriticalRow> critical_values(ReadSession& session, const CriticalFilter& filter);
std::optional<CriticalRow> critical_value(ReadSession& session, ObservationId id);

/// Somebody knows of it and says so. Errors: not-found; state-change-bad, where somebody did
/// before.
Result<void> acknowledge_critical(Desk& desk, ObservationId id, const Act& act,
                                  std::string_view note);

}  // namespace labrelay::store
