#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/study/study_definition.hpp"
#include "labrelay/targets/export_file.hpp"
#include "labrelay/targets/odm.hpp"
#include "labrelay/targets/study_reader.hpp"

namespace labrelay::targets {

/// Results as ODM items by the study's <odm>: number, comparator, text and state separate, one
/// repetition of the item group a result (its key is the result_id, which stays the same for the
/// life of the result), an event outside the schedule repeated by specimen. A result that moved is
/// removed where it stood before. Pure. Precondition: study.odm. Error: export-term-missing, the
/// place names the analyte, visit or site.
Result<std::vector<OdmSubjectEvent>> odm_events(const study::StudyDefinition& study,
                                                std::span<const StudyResult> results);

struct OdmExport {
    OdmFileType file_type = OdmFileType::transactional;
    std::filesystem::path file;
    Instant created;
    std::string version;  ///< of labrelay
};

/// Writes a study's results as one ODM 1.3.2 file with its control file, a subject at a time. Rows
/// are the results in it. Errors: export-not-configured, export-term-missing, export-key-repeated,
/// export-key-bad, export-text-bad, export-unwritable, target-unavailable.
Result<ExportedFile> export_odm(const StudyReader& reader, const study::StudyDefinition& study,
                                const OdmExport& what);

}  // namespace labrelay::targets
