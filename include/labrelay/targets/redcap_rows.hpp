#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/study/redcap_map.hpp"
#include "labrelay/targets/lab_row.hpp"
#include "labrelay/targets/redcap_project.hpp"

namespace labrelay::targets {

/// Field -> value.
using RedcapFields = std::map<std::string, std::string, std::less<>>;

/// Where a row of a REDCap project stands. Empty where the project has no such part.
struct RedcapPlace {
    std::string record;
    std::string event;
    std::string instrument;  ///< only of a repeating one
    std::string instance;    ///< its number

    friend auto operator<=>(const RedcapPlace&, const RedcapPlace&) = default;
};

struct RedcapRow {
    RedcapPlace place;
    RedcapFields fields;
};

/// The words of a Standing; they read back. `computed`: what stands there is no laboratory's but
/// computed from other results, and gives way to the laboratory's own.
std::string to_text(const RedcapPlace& place, bool computed = false);
bool is_computed(const std::string& text);
std::string to_text(const RedcapFields& fields);
/// Nothing where it is not one of ours.
RedcapPlace place_from(const std::string& text);
RedcapFields fields_from(const std::string& text);

/// What the map makes of one result: every field that it fills, empty ones included, so that a
/// correction can blank them. Times are written as the field's validation asks. Error: not an
/// error of the target's: reference-unknown where the map has no code for a word, naming the field.
Result<RedcapFields> redcap_fields(const study::RedcapResult& map, const LabRow& row,
                                   const RedcapProject& project);

/// The body of an import (`data`), flat or EAV.
std::string redcap_data(const std::vector<RedcapRow>& rows, const study::RedcapMap& map,
                        const std::string& record_field);

/// Reads an export in flat JSON. Error: target-answer-bad (an export that was cut short).
Result<std::vector<RedcapRow>> read_redcap_rows(const std::string& body,
                                                const std::string& record_field);

}  // namespace labrelay::targets
