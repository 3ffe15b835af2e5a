#pragma once

#include <map>
#include <string>
#include <vector>

#include "element.hpp"
#include "labrelay/study/check_definition.hpp"
#include "loading.hpp"

namespace labrelay::mapping {

/// Reads the <check> elements of a study.xml one after the other. What each kind takes stands in
/// study::check_kinds(); everything else on its line is an error.
class CheckReader {
public:
    CheckReader(XmlFile& file, const Catalogue& catalogue) : file_(file), catalogue_(catalogue) {}

    void read(Element& element);
    /// The checks, after the study's panels and sources are known.
    study::CheckList finish(const study::StudyDefinition& study);

private:
    using Definition = study::CheckDefinition;

    struct Named {
        std::string name;
        std::size_t at;
    };

    void read_fields(Element& element, const study::CheckKindInfo& kind, Definition& check);
    void read_field(Element& element, study::CheckField field, Definition& check);
    void read_steps(Element& element, const study::CheckKindInfo& kind, Definition& check);
    void read_step(Element& element, bool tolerances, Definition& check);
    void read_condition(Element& element, Definition& check);
    std::vector<study::CheckTerm> terms(Element& element, std::string_view name);
    study::CheckTerm term(const ListItem& item);
    std::vector<std::string> sources(Element& element, std::string_view name);
    void check_shape(const Element& element, const Definition& check);
    void bring_to_one_unit(const Element& element, Definition& check);
    void convert(const Element& element, const std::string& into, study::CheckTerm& term);

    XmlFile& file_;
    const Catalogue& catalogue_;
    std::vector<Definition> checks_;
    std::vector<Named> analytes_named_;
    std::vector<Named> sources_named_;
};

}  // namespace labrelay::mapping
