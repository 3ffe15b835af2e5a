#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "element.hpp"
#include "labrelay/study/study_definition.hpp"

namespace labrelay::mapping {

/// Reads `<redcap>` of a study, strictly: what is not listed does not leave, numbers go where
/// nothing but numbers can go, and every visit and analyte of the study is either mapped or left
/// out by name. What is wrong goes to the file's errors. `file` outlives it.
class RedcapReader {
public:
    explicit RedcapReader(XmlFile& file) : file_(file) {}

    void read(Element& element);
    /// Once the study's visits and panels are known; nothing where the study has no `<redcap>`.
    std::optional<study::RedcapMap> finish(const study::StudyDefinition& study);

private:
    void read_event(Element& element);
    void read_result(Element& element);
    void read_field(Element& element, study::RedcapResult& result);
    void read_code(Element& element, study::RedcapField& field);
    void check_result(const Element& element, const study::RedcapResult& result);
    void check_visit(const ListItem& item, const std::vector<std::string_view>& known);
    void check_visits(const study::StudyDefinition& study);
    void check_analytes(const study::StudyDefinition& study);

    XmlFile& file_;
    std::optional<study::RedcapMap> map_;
    std::size_t at_ = 0;
    std::vector<ListItem> visits_;    ///< of <event> and leave-out
    std::vector<ListItem> analytes_;  ///< of all <result>
    std::vector<std::string> names_;  ///< fields, each once in the whole map
};

}  // namespace labrelay::mapping
