#include "criterion_analytes.hpp"

#include <variant>

namespace labrelay::study {
namespace {

struct AnalytesOf {
    std::vector<std::string> operator()(const SiteAttests&) const { return {}; }
    std::vector<std::string> operator()(const AgeRule&) const { return {}; }
    std::vector<std::string> operator()(const TherapyRule&) const { return {}; }
    std::vector<std::string> operator()(const SuppressionRule& rule) const {
        std::vector<std::string> all{rule.analyte};
        all.insert(all.end(), rule.not_comparable.begin(), rule.not_comparable.end());
        return all;
    }
    std::vector<std::string> operator()(const TherapyLimitRule& rule) const {
        return {rule.analyte};
    }
    std::vector<std::string> operator()(const LimitRule& rule) const { return {rule.analyte}; }
    std::vector<std::string> operator()(const DetectionRule& rule) const { return rule.analytes; }
    std::vector<std::string> operator()(const SerologyRule& rule) const {
        std::vector<std::string> all = rule.analytes;
        if (rule.limit) {
            all.push_back(rule.limit->analyte);
        }
        return all;
    }
    std::vector<std::string> operator()(const PregnancyRule& rule) const {
        return {rule.word_analyte, rule.number_analyte};
    }
};

}  // namespace

std::vector<std::string> analytes_of(const CriterionRule& rule) {
    return std::visit(AnalytesOf{}, rule);
}

}  // namespace labrelay::study
