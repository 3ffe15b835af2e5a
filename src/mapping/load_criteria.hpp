#pragma once

#include <vector>

#include "element.hpp"
#include "labrelay/study/criterion.hpp"
#include "loading.hpp"

namespace labrelay::mapping {

/// Reads the criteria of a study: <inclusion> and <exclusion> with their conditions, strictly. What
/// is wrong goes to the file's errors. `file` and `catalogue` outlive it.
class CriteriaReader {
public:
    CriteriaReader(XmlFile& file, const Catalogue& catalogue)
        : file_(file), catalogue_(catalogue) {}

    study::Criterion read(Element& element, study::Criterion::Sort sort);
    /// Every analyte that a condition names, for the check that the study takes it.
    const std::vector<ListItem>& analytes() const { return analytes_; }

private:
    using Condition = study::Condition;

    void read_attested(Element& element, study::Criterion& criterion);
    study::AgeRule read_age(Element& element);
    study::TherapyRule read_therapy(Element& element);
    study::SuppressionRule read_suppression(Element& element);
    study::TherapyLimitRule read_therapy_limit(Element& element);
    study::TherapyLimitRule::Band read_band(Element& element);
    study::LimitRule read_limit(Element& element);
    study::DetectionRule read_detection(Element& element);
    study::SerologyRule read_serology(Element& element);
    study::PregnancyRule read_pregnancy(Element& element);

    void add(Element& element, study::Criterion& criterion, study::CriterionRule rule);
    void check_id(Element& element, const std::string& id);
    void check_bands(Element& element, const study::TherapyLimitRule& rule);
    std::string analyte(Element& element, std::string_view name);
    std::vector<std::string> analytes(Element& element, std::string_view name, bool required);
    void note_analyte(const ListItem& item);
    Decimal limit(Element& element, std::string_view name);
    /// The unit that the reader sees beside a limit must be the analyte's own.
    void check_unit(Element& element, const std::string& analyte);
    int months(Element& element, std::string_view name);
    study::TherapyDate since(Element& element);

    XmlFile& file_;
    const Catalogue& catalogue_;
    std::vector<std::string> ids_;
    std::vector<ListItem> analytes_;
};

}  // namespace labrelay::mapping
