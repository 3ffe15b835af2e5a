#pragma once

#include <map>
#include <string>
#include <vector>

#include "element.hpp"
#include "labrelay/study/study_definition.hpp"
#include "loading.hpp"

namespace labrelay::mapping {

/// Reads the <odm> of a study.xml. What is wrong goes to the file's errors.
class OdmReader {
public:
    OdmReader(XmlFile& file, const Catalogue& catalogue) : file_(file), catalogue_(catalogue) {}

    void read(Element& element);
    /// Nothing where the file has none. Called when panels, visits and sites are known: each of
    /// them must have its line.
    std::optional<study::OdmMap> finish(const study::StudyDefinition& study);

private:
    struct Named {
        enum class Kind : std::uint8_t { analyte, visit, site } kind = Kind::analyte;
        std::string name;
        std::size_t at = 0;
    };

    void read_event(Element& element);
    void read_location(Element& element);
    void read_item(Element& element);
    void read_omitted(Element& element);
    std::string analyte(Element& element);
    std::string new_oid(Element& element, std::string_view name, bool required);
    void check_references(const study::StudyDefinition& study);
    void check_complete(const study::StudyDefinition& study);
    void missing(std::string detail);

    XmlFile& file_;
    const Catalogue& catalogue_;
    std::optional<study::OdmMap> map_;
    std::size_t at_ = 0;
    std::vector<Named> named_;
    std::map<std::string, std::string> owner_of_oid_;
};

}  // namespace labrelay::mapping
