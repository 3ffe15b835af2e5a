#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/study/study_definition.hpp"
#include "labrelay/targets/dataset.hpp"
#include "labrelay/targets/study_reader.hpp"

namespace labrelay::targets {

// Results as findings of the CDISC Study Data Tabulation Model: LB, CP, MB and IS, whose variables
// differ in their prefix (and ISBDAGNT). Pure; what each variable holds and why: sdtm.md.

/// The variables of a domain without lengths.
std::vector<DatasetColumn> sdtm_columns(study::SdtmDomain domain);
/// `Laboratory Test Results`
std::string sdtm_label(study::SdtmDomain domain);

/// A result that labrelay withdrew is no finding. Neither is one of an analyte that the map omits.
bool is_submitted(const study::SdtmMap& map, const LabRow& row);

/// The rows of one subject, each domain's in the order of its keys. Given all results of the
/// subject, because the sequence number, the order and the last value before the first dose are
/// the subject's. Precondition: study.sdtm. Error: export-term-missing, the place names the analyte
/// or visit.
Result<std::map<study::SdtmDomain, std::vector<DatasetRow>>> sdtm_rows(
    const study::StudyDefinition& study, std::span<const StudyResult> results);

/// ISO 8601 as SDTM takes it, exactly as precise as it was sent, with its offset; nothing is added.
/// Empty where it is neither an HL7 nor an ISO time.
std::string sdtm_time(std::string_view sent);

}  // namespace labrelay::targets
