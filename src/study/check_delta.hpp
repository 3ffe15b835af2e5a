#pragma once

#include "prospect.hpp"

namespace labrelay::study {

/// Asks one check of the family `delta` about a result: it is compared with the previous draw of
/// the same subject and analyte that the check can be asked about. Pure; the rules stand in
/// src/study/checks.md.
CheckVerdict check_delta(const CheckDefinition& check, const ProspectiveResult& result,
                         const Prospect& prospect, const StudyRules& rules, bool tell);

/// Its answer changes with the value, so that a changed previous draw asks it again.
bool is_about_values(CheckKind kind);

/// The results of the first draw of an analyte after `version`: those it is the previous one of.
Members next_after(const StoredVersion& version, const Prospect& prospect);

}  // namespace labrelay::study
