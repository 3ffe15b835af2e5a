#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/study/study_definition.hpp"
#include "labrelay/targets/export_file.hpp"
#include "labrelay/targets/study_reader.hpp"

namespace labrelay::targets {

enum class DatasetFormat : std::uint8_t { csv, json, ndjson, xpt };
std::string_view to_string(DatasetFormat format);  ///< also the file's ending

struct SdtmExport {
    DatasetFormat format = DatasetFormat::csv;
    std::filesystem::path directory;         ///< must exist
    std::vector<study::SdtmDomain> domains;  ///< empty: each that has results
    Instant created;
    std::string version;  ///< of labrelay
};

/// Writes a study's results as SDTM data sets, one file a domain (`lb.csv`), each with its control
/// file. Reads the study database twice in one snapshot, because the formats say before the rows
/// how many there are and how long their texts: memory holds one subject. A row that the format
/// cannot hold is found in the first pass, so that no file is begun; a file gets its name when it
/// is whole. Errors: export-not-configured, export-term-missing, export-text-bad,
/// export-number-bad, export-unwritable, target-unavailable.
Result<std::vector<ExportedFile>> export_sdtm(const StudyReader& reader,
                                              const study::StudyDefinition& study,
                                              const SdtmExport& what);

}  // namespace labrelay::targets
