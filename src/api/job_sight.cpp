#include "job_sight.hpp"

#include <algorithm>
#include <vector>

#include "labrelay/store/problem_board.hpp"
#include "labrelay/views/problem_page.hpp"

namespace labrelay::api {

bool sees_job(store::ReadSession& session, const views::Sight& sight,
              std::optional<ProblemId> problem) {
    auto board = problem ? store::board_problem(session, *problem) : std::nullopt;
    return board ? views::seen(std::move(*board), sight).has_value() : sight.everywhere();
}

bool counts(const views::Sight& sight, const std::string& source, SubjectId subject,
            const std::string& analyte) {
    return sight.counts(analyte) && (subject ? sight.sees(subject) : sight.sees_unplaced(source));
}

bool counts_all(store::ReadSession& session, std::int64_t repair, const views::Sight& sight) {
    if (sight.everywhere() && !sight.blinded()) return true;
    const std::vector<store::RepairShare> shares = store::repair_shares(session, repair);
    return std::ranges::all_of(shares, [&](const store::RepairShare& share) {
        return counts(sight, share.source, share.subject, share.analyte);
    });
}

void count_seen(store::ReadSession& session, store::RepairRow& repair, const views::Sight& sight) {
    if (sight.everywhere() && !sight.blinded()) return;
    repair.total = repair.stored = repair.held = repair.ignored = repair.failed = 0;
    for (const store::RepairShare& share : store::repair_shares(session, repair.id)) {
        if (!counts(sight, share.source, share.subject, share.analyte)) continue;
        repair.total += share.count;
        if (share.disposition == "S") repair.stored += share.count;
        if (share.disposition == "H") repair.held += share.count;
        if (share.disposition == "I") repair.ignored += share.count;
        if (share.disposition == "F") repair.failed += share.count;
    }
}

}  // namespace labrelay::api
