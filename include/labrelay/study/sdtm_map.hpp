#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace labrelay::study {

/// The domain of the CDISC Study Data Tabulation Model that a test's results belong to.
enum class SdtmDomain : std::uint8_t {
    lb,  ///< laboratory tests
    cp,  ///< cell phenotype: CD4, CD8 by flow cytometry
    mb,  ///< microbiology: HIV RNA, HBV DNA, HCV RNA
    is,  ///< immunogenicity: antibodies
};
std::string_view to_string(SdtmDomain domain);  ///< "LB"

/// How one analyte is submitted, in the words of the controlled terminology that is pinned beside
/// it. Numbers are the analyte's own: `unit` only spells its unit as the terminology does.
struct SdtmTerm {
    std::string analyte;
    SdtmDomain domain = SdtmDomain::lb;
    std::string testcd;  ///< --TESTCD, at most 8 characters
    std::string test;    ///< --TEST, at most 40
    std::string category;
    std::string specimen;
    std::string method;
    std::string loinc;
    std::string unit;
    std::string agent;  ///< ISBDAGNT: what the antibody binds
};

/// VISITNUM of a visit, and its EPOCH where that does not follow from the first dose.
struct SdtmVisit {
    std::string visit;
    std::int64_t number = 0;
    std::string epoch;
};

/// A word of the study database and the terminology's: NEG is NEGATIVE.
struct SdtmWord {
    std::string word;
    std::string submitted;
};

/// What `<sdtm>` of a study.xml says: implementation guide and controlled terminology are pinned
/// here, because which domain and code a test has depends on them. Immutable after loading.
struct SdtmMap {
    std::string guide;        ///< SDTM implementation guide: 3.4
    std::string terminology;  ///< controlled terminology: 2024-03-29
    std::string study;        ///< STUDYID
    std::string epoch_before_dose;
    std::string epoch_after_dose;
    std::vector<SdtmTerm> terms;
    std::vector<std::string> omitted;  ///< analytes that are not submitted
    std::vector<SdtmVisit> visits;
    std::vector<SdtmWord> words;

    const SdtmTerm* term(std::string_view analyte) const;
    const SdtmVisit* visit(std::string_view id) const;
    bool omits(std::string_view analyte) const {
        return std::find(omitted.begin(), omitted.end(), analyte) != omitted.end();
    }
    /// The word itself where none is declared.
    std::string submitted(std::string_view word) const;
};

}  // namespace labrelay::study
