#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace labrelay {

/// Everything that labrelay can say is wrong, held, ignored or worth a note. The rows stand in
/// `error_catalogue.def`; the log, the ACK, REST, the page and docs/errors.md all read them from
/// there.
enum class Code : std::uint16_t {
    none = 0,
#define LABRELAY_CODE(name, number, key, hl7, http, text, advice) name = (number),
#include "labrelay/core/error_catalogue.def"
#undef LABRELAY_CODE
};

struct CatalogueEntry {
    Code code;
    std::string_view key;   ///< stable, kebab-case: the rule's name in the ledger and in truth.csv
    std::string_view hl7;   ///< HL7 table 0357 code for ERR-3
    int http_status;        ///< for REST
    std::string_view text;  ///< one plain sentence without patient data
    std::string_view advice;  ///< what to do, and who can do it
};

const CatalogueEntry& entry(Code code);
std::span<const CatalogueEntry> catalogue();
std::optional<Code> code_from_key(std::string_view key);
inline std::string_view key(Code code) {
    return entry(code).key;
}

}  // namespace labrelay
