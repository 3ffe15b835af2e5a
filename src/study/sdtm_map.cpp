#include "labrelay/study/sdtm_map.hpp"

namespace labrelay::study {

std::string_view to_string(SdtmDomain domain) {
    switch (domain) {
        case SdtmDomain::lb:
            return "LB";
        case SdtmDomain::cp:
            return "CP";
        case SdtmDomain::mb:
            return "MB";
        case SdtmDomain::is:
            return "IS";
    }
    return {};
}

const SdtmTerm* SdtmMap::term(std::string_view analyte) const {
    const auto found = std::find_if(terms.begin(), terms.end(),
                                    [&](const SdtmTerm& one) { return one.analyte == analyte; });
    return found == terms.end() ? nullptr : &*found;
}

const SdtmVisit* SdtmMap::visit(std::string_view id) const {
    const auto found = std::find_if(visits.begin(), visits.end(),
                                    [&](const SdtmVisit& one) { return one.visit == id; });
    return found == visits.end() ? nullptr : &*found;
}

std::string SdtmMap::submitted(std::string_view word) const {
    const auto found = std::find_if(words.begin(), words.end(),
                                    [&](const SdtmWord& one) { return one.word == word; });
    return found == words.end() ? std::string(word) : found->submitted;
}

}  // namespace labrelay::study
