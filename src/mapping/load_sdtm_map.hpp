#pragma once

#include <string>
#include <vector>

#include "element.hpp"
#include "labrelay/study/study_definition.hpp"
#include "loading.hpp"

namespace labrelay::mapping {

/// Reads the <sdtm> of a study.xml. What is wrong goes to the file's errors. Texts are ASCII and as
/// long as SDTM allows, so that a transport file never has to cut them.
class SdtmReader {
public:
    SdtmReader(XmlFile& file, const Catalogue& catalogue) : file_(file), catalogue_(catalogue) {}

    void read(Element& element);
    /// Nothing where the file has none. Called when panels and visits are known: every analyte and
    /// visit of the study must have its line.
    std::optional<study::SdtmMap> finish(const study::StudyDefinition& study);

private:
    void read_term(Element& element);
    void read_omitted(Element& element);
    void read_visit(Element& element);
    void read_word(Element& element);
    std::string ascii(Element& element, std::string_view name, bool required, std::size_t longest);
    std::string analyte(Element& element);
    void check_unit(Element& element, const study::SdtmTerm& term);
    void check_twins(Element& element, const study::SdtmTerm& term);
    void check_references(const study::StudyDefinition& study);

    XmlFile& file_;
    const Catalogue& catalogue_;
    std::optional<study::SdtmMap> map_;
    std::size_t at_ = 0;
    std::vector<ListItem> analytes_named_;
    std::vector<ListItem> visits_named_;
};

}  // namespace labrelay::mapping
