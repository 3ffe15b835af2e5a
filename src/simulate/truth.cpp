#include "truth.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <tuple>

#include "assays.hpp"

namespace labrelay::simulate {
namespace {

constexpr std::string_view kStudy = "NCT05872659";

/// Panels are chosen as a draw: subject, visit, panel -> the specimen whose values stand for the
/// visit.
using Choice = std::map<std::tuple<std::size_t, std::string_view, std::string_view>, std::size_t>;

bool is_stored(const Observation& observation) {
    return observation.expected.disposition == "stored";
}

void for_each_stored(const Story& story, auto&& visit) {
    for (std::size_t i = 0; i < story.reports.size(); ++i) {
        if (story.reports[i].control_id_of) {
            continue;
        }
        for (const Order& order : story.reports[i].orders) {
            for (const Observation& observation : order.observations) {
                if (is_stored(observation)) {
                    visit(i, order, observation);
                }
            }
        }
    }
}

/// The nearer to the visit's target, then the later.
bool nearer(const Story& story, std::size_t left, std::size_t right, const ScheduledVisit& visit) {
    const Specimen& a = story.specimens[left];
    const Specimen& b = story.specimens[right];
    const Day target = target_day(story.subject(a.subject), visit);
    const int from_a = std::abs(days_between(target, a.collected.day));
    const int from_b = std::abs(days_between(target, b.collected.day));
    return from_a != from_b ? from_a < from_b : a.collected > b.collected;
}

Choice choose(const Story& story) {
    Choice choice;
    for_each_stored(story, [&](std::size_t, const Order& order, const Observation& observation) {
        const std::size_t specimen = *order.specimen;
        const Specimen& tube = story.specimens[specimen];
        const ScheduledVisit* visit = visit_of(story.subject(tube.subject), tube.collected);
        if (visit == nullptr) {
            return;
        }
        const auto key =
            std::tuple(tube.subject, visit->id, panel_of(observation.expected.analyte));
        const auto [chosen, first] = choice.try_emplace(key, specimen);
        if (!first && nearer(story, specimen, chosen->second, *visit)) {
            chosen->second = specimen;
        }
    });
    return choice;
}

class TruthWriter {
public:
    TruthWriter(const Story& story, const std::vector<std::string>& control_ids)
        : story_(story), control_ids_(control_ids), choice_(choose(story)) {}

    std::vector<TruthRow> rows() {
        for (const Step& step : story_.steps) {
            if (step.kind == Step::Kind::send && !done_[step.index]) {
                done_[step.index] = true;
                add_report(step.index);
            }
        }
        add_derived();
        return std::move(rows_);
    }

private:
    void add_report(std::size_t index) {
        const Report& report = story_.reports[index];
        if (report.control_id_of) {
            return;  // the same message: it has no observations of its own
        }
        if (!report.refused.empty()) {
            TruthRow row;
            row.control_id = control_ids_[index];
            row.disposition = "refused";
            row.reason = report.refused;
            rows_.push_back(std::move(row));
            return;
        }
        std::size_t ordinal = 0;
        for (const Order& order : report.orders) {
            for (const Observation& observation : order.observations) {
                rows_.push_back(
                    row_of(index, std::to_string(++ordinal), order.specimen, observation));
            }
        }
    }

    TruthRow row_of(std::size_t report, std::string ordinal, std::optional<std::size_t> specimen,
                    const Observation& observation) const {
        const Expected& expected = observation.expected;
        TruthRow row;
        row.control_id = control_ids_[report];
        row.observation = std::move(ordinal);
        row.disposition = expected.disposition;
        row.reason = expected.reason;
        row.status = observation.status;
        if (!is_stored(observation)) {
            return row;
        }
        const Specimen& tube = story_.specimens[*specimen];
        const Subject& subject = story_.subject(tube.subject);
        const ScheduledVisit* visit = visit_of(subject, tube.collected);
        if (subject.screen_failed) {
            row.reason = "screen-failure";
        }
        row.study = kStudy;
        row.subject = subject.label();
        row.role = "chosen";
        if (visit != nullptr) {
            row.visit = visit->id;
            const auto chosen =
                choice_.find(std::tuple(tube.subject, visit->id, panel_of(expected.analyte)));
            row.role = chosen->second == *specimen ? "chosen" : "additional";
        }
        row.analyte = expected.analyte;
        row.comparator = expected.comparator;
        row.value_num = expected.value_num;
        row.unit = expected.unit;
        row.result_state = expected.result_state;
        return row;
    }

    struct Count {
        std::size_t report = 0;
        const Observation* observation = nullptr;
    };

    /// A final or corrected value stands before any preliminary one; among equals the newest
    /// analysis.
    bool newer(const Count& left, const Count& right) const {
        const auto rank = [&](const Count& count) {
            return std::tuple(count.observation->status != "P",
                              story_.reports[count.report].analysed);
        };
        return rank(left) > rank(right);
    }

    void add_derived() {
        std::map<std::size_t, std::map<std::string_view, Count>> counts;  // by specimen and analyte
        for_each_stored(
            story_, [&](std::size_t report, const Order& order, const Observation& seen) {
                const std::string_view analyte = seen.expected.analyte;
                if (analyte != "CD4A" && analyte != "CD8A") {
                    return;
                }
                const Count count{report, &seen};
                const auto [best, first] = counts[*order.specimen].try_emplace(analyte, count);
                if (!first && newer(count, best->second)) {
                    best->second = count;
                }
            });
        for (const auto& [specimen, of] : counts) {
            const Count& cd4 = of.at("CD4A");
            const Count& cd8 = of.at("CD8A");
            const Count& newest = newer(cd8, cd4) ? cd8 : cd4;
            Observation ratio;
            ratio.status = newest.observation->status;
            ratio.expected.analyte = "CD4CD8";
            ratio.expected.value_num = text(ratio_of_counts(count_in(cd4), count_in(cd8)));
            ratio.expected.unit = "1";
            ratio.expected.result_state = "quantified";
            rows_.push_back(row_of(newest.report, "derived", specimen, ratio));
        }
    }

    static Number count_in(const Count& count) {
        return {std::stoll(count.observation->expected.value_num), 0};
    }

    const Story& story_;
    const std::vector<std::string>& control_ids_;
    Choice choice_;
    std::map<std::size_t, bool> done_;
    std::vector<TruthRow> rows_;
};

}  // namespace

std::vector<TruthRow> truth_of(const Story& story, const std::vector<std::string>& control_ids) {
    return TruthWriter(story, control_ids).rows();
}

}  // namespace labrelay::simulate
