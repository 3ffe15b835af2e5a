#pragma once

#include <optional>
#include <string>

#include "labrelay/core/ids.hpp"
#include "labrelay/store/read_session.hpp"
#include "labrelay/store/repair_query.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::api {

/// A repair is for whoever may see its problem; one without, for whom nothing is kept from.
bool sees_job(store::ReadSession& session, const views::Sight& sight,
              std::optional<ProblemId> problem);

/// Whether one of its results, or some, are for the person.
bool counts(const views::Sight& sight, const std::string& source, SubjectId subject,
            const std::string& analyte);
/// Whether all of its results are: what is done to the repair is done to each of them.
bool counts_all(store::ReadSession& session, std::int64_t repair, const views::Sight& sight);
/// Leaves in the repair's counts what is for the person.
void count_seen(store::ReadSession& session, store::RepairRow& repair, const views::Sight& sight);

}  // namespace labrelay::api
