#include "labrelay/study/check_definition.hpp"

#include <algorithm>
#include <map>

namespace labrelay::study {

bool CheckDefinition::concerns_source(std::string_view source) const {
    const auto names = [source](const std::vector<std::string>& list) {
        return std::ranges::find(list, source) != list.end();
    };
    return (sources.empty() || names(sources)) && !names(except);
}

std::vector<std::string_view> CheckDefinition::analytes() const {
    std::vector<std::string_view> all;
    for (const CheckTerm& term : parts) {
        all.push_back(term.analyte);
    }
    for (const CheckTerm& term : percents) {
        all.push_back(term.analyte);
    }
    if (whole) {
        all.push_back(whole->analyte);
    }
    for (const CheckCondition& condition : conditions) {
        all.push_back(condition.analyte);
    }
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

CheckList::CheckList(std::vector<CheckDefinition> checks) : checks_(std::move(checks)) {
    std::map<std::string, std::vector<std::size_t>> found;
    for (std::size_t at = 0; at < checks_.size(); ++at) {
        const auto analytes = checks_[at].analytes();
        for (const std::string_view analyte : analytes) {
            found[std::string(analyte)];
        }
        if (analytes.empty()) {
            of_every_.push_back(at);
        }
        has_whole_draw_ = has_whole_draw_ || checks_[at].whole_draw;
    }
    for (auto& [analyte, indexes] : found) {
        for (std::size_t at = 0; at < checks_.size(); ++at) {
            const auto analytes = checks_[at].analytes();
            if (analytes.empty() || std::ranges::find(analytes, analyte) != analytes.end()) {
                indexes.push_back(at);
            }
        }
    }
    by_analyte_.assign(found.begin(), found.end());
}

std::span<const std::size_t> CheckList::of(std::string_view analyte) const {
    const auto found = std::ranges::lower_bound(
        by_analyte_, analyte, {}, [](const auto& entry) { return std::string_view(entry.first); });
    return found != by_analyte_.end() && found->first == analyte
               ? std::span<const std::size_t>(found->second)
               : std::span<const std::size_t>(of_every_);
}

}  // namespace labrelay::study
