#include "labrelay/study/reconcile.hpp"

#include <fmt/format.h>

#include <set>

namespace labrelay::study {
namespace {

std::string name_of(const SideResult& result) {
    return fmt::format("{} {} {}", result.subject, result.visit, result.analyte);
}

std::string key_of(const SideResult& result) {
    return fmt::format("{} (result {})", result.analyte, result.result_id);
}

std::string shown(const std::string& value) {
    return value.empty() ? "nothing" : value;
}

/// `value_text is 412 here and 999 there`; empty where all columns agree.
std::string differing(const SideResult& here, const SideResult& there) {
    std::string text;
    for (std::size_t i = 0; i < here.columns.size() && i < there.columns.size(); ++i) {
        const auto& [column, mine] = here.columns[i];
        const std::string& theirs = there.columns[i].second;
        if (mine != theirs) {
            text += fmt::format("{}{} is {} here and {} there", text.empty() ? "" : "; ", column,
                                shown(mine), shown(theirs));
        }
    }
    return text;
}

class Comparing {
public:
    explicit Comparing(std::span<const SideResult> there) {
        for (const SideResult& result : there) {
            there_.emplace(result.result_id, &result);
        }
        comparison_.counts.there = static_cast<std::int64_t>(there.size());
    }

    void look_at(const HereResult& here) {
        TargetCounts& counts = comparison_.counts;
        ++counts.here;
        known_.insert(here.result.result_id);
        const auto found = there_.find(here.result.result_id);
        if (found == there_.end()) {
            look_at_absent(here);
            return;
        }
        const std::string text = differing(here.result, *found->second);
        if (text.empty()) {
            ++counts.same;
        } else if (here.waits) {
            ++counts.waiting_there;
        } else {
            ++counts.different;
            comparison_.differences.push_back(
                {Code::differs_there, here.subject, key_of(here.result),
                 fmt::format("{}: {}{}.", name_of(here.result), text, because(here))});
        }
    }

    TargetComparison finish(std::span<const SideResult> there,
                            const std::map<std::string, SubjectId>& subjects) {
        for (const SideResult& result : there) {
            if (known_.contains(result.result_id)) {
                continue;
            }
            ++comparison_.counts.extra;
            const auto subject = subjects.find(result.subject);
            comparison_.differences.push_back(
                {Code::extra_there, subject == subjects.end() ? SubjectId{} : subject->second,
                 key_of(result),
                 fmt::format("{}: result {} is there and not known here.", name_of(result),
                             result.result_id)});
        }
        return std::move(comparison_);
    }

private:
    static std::string because(const HereResult& here) {
        return here.rejected.empty() ? std::string()
                                     : fmt::format(" (its delivery is {})", here.rejected);
    }

    void look_at_absent(const HereResult& here) {
        TargetCounts& counts = comparison_.counts;
        if (here.may_be_absent) {
            ++counts.absent;
        } else if (here.waits) {
            ++counts.waiting_absent;
        } else {
            ++counts.missing;
            comparison_.differences.push_back(
                {Code::missing_there, here.subject, key_of(here.result),
                 fmt::format("{}: result {} is stored here and not there{}.", name_of(here.result),
                             here.result.result_id, because(here))});
        }
    }

    std::map<std::string, const SideResult*> there_;
    std::set<std::string> known_;
    TargetComparison comparison_;
};

}  // namespace

TargetComparison compare_with_target(std::span<const HereResult> here,
                                     std::span<const SideResult> there,
                                     const std::map<std::string, SubjectId>& subjects) {
    Comparing comparing(there);
    for (const HereResult& result : here) {
        comparing.look_at(result);
    }
    return comparing.finish(there, subjects);
}

}  // namespace labrelay::study
