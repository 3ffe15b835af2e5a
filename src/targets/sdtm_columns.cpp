#include <array>
#include <optional>

#include "labrelay/targets/sdtm.hpp"

namespace labrelay::targets {
namespace {

using study::SdtmDomain;
using Type = DatasetColumn::Type;

struct Variable {
    std::string_view name;  ///< `--` stands for the domain's prefix
    std::string_view label;
    Type type = Type::text;
    int key = 0;                          ///< 0: no key
    std::optional<SdtmDomain> only = {};  ///< nothing: in every domain
};

// In the order of the SDTM implementation guide 3.4; labels have at most 40 characters.
constexpr std::array kVariables{
    Variable{"STUDYID", "Study Identifier", Type::text, 1},
    Variable{"DOMAIN", "Domain Abbreviation"},
    Variable{"USUBJID", "Unique Subject Identifier", Type::text, 2},
    Variable{"--SEQ", "Sequence Number", Type::integer},
    Variable{"--REFID", "Specimen ID"},
    Variable{"--TESTCD", "Test or Examination Short Name", Type::text, 4},
    Variable{"--TEST", "Test or Examination Name"},
    Variable{"--BDAGNT", "Binding Agent", Type::text, 0, SdtmDomain::is},
    Variable{"--CAT", "Category for Test", Type::text, 3},
    Variable{"--ORRES", "Result or Finding in Original Units"},
    Variable{"--ORRESU", "Original Units"},
    Variable{"--ORNRLO", "Reference Range Lower Limit in Orig Unit"},
    Variable{"--ORNRHI", "Reference Range Upper Limit in Orig Unit"},
    Variable{"--STRESC", "Character Result/Finding in Std Format"},
    Variable{"--STRESN", "Numeric Result/Finding in Standard Units", Type::decimal},
    Variable{"--STRESU", "Standard Units"},
    Variable{"--STNRLO", "Reference Range Lower Limit-Std Units", Type::decimal},
    Variable{"--STNRHI", "Reference Range Upper Limit-Std Units", Type::decimal},
    Variable{"--NRIND", "Reference Range Indicator"},
    Variable{"--STAT", "Completion Status"},
    Variable{"--REASND", "Reason Test Not Done"},
    Variable{"--NAM", "Laboratory/Vendor Name"},
    Variable{"--LOINC", "LOINC Code"},
    Variable{"--SPEC", "Specimen Material Type"},
    Variable{"--METHOD", "Method of Test or Examination"},
    Variable{"--LOBXFL", "Last Observation Before Exposure Flag"},
    Variable{"--DRVFL", "Derived Flag"},
    Variable{"--TOXGR", "Standard Toxicity Grade"},
    Variable{"--LLOQ", "Lower Limit of Quantitation", Type::decimal},
    Variable{"--ULOQ", "Upper Limit of Quantitation", Type::decimal},
    Variable{"VISITNUM", "Visit Number", Type::integer, 6},
    Variable{"VISIT", "Visit Name"},
    Variable{"EPOCH", "Epoch"},
    Variable{"--DTC", "Date/Time of Specimen Collection", Type::text, 5},
    Variable{"--DY", "Study Day of Specimen Collection", Type::integer},
};

}  // namespace

std::vector<DatasetColumn> sdtm_columns(SdtmDomain domain) {
    const std::string prefix(study::to_string(domain));
    std::vector<DatasetColumn> columns;
    for (const Variable& variable : kVariables) {
        if (variable.only && *variable.only != domain) {
            continue;
        }
        DatasetColumn column;
        column.name = variable.name.starts_with("--")
                          ? prefix + std::string(variable.name.substr(2))
                          : std::string(variable.name);
        column.oid = "IT." + prefix + "." + column.name;
        column.label = variable.label;
        column.type = variable.type;
        if (variable.key != 0) {
            column.key_sequence = variable.key;
        }
        columns.push_back(std::move(column));
    }
    return columns;
}

std::string sdtm_label(SdtmDomain domain) {
    switch (domain) {
        case SdtmDomain::lb:
            return "Laboratory Test Results";
        case SdtmDomain::cp:
            return "Cell Phenotype Findings";
        case SdtmDomain::mb:
            return "Microbiology Specimen";
        case SdtmDomain::is:
            return "Immunogenicity Specimen Assessments";
    }
    return {};
}

}  // namespace labrelay::targets
