#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/reconcile_query.hpp"
#include "problem_turns.hpp"
#include "writer_core.hpp"

namespace labrelay::store {
namespace {

using study::Difference;

struct Known {
    std::int64_t notice = 0;
    std::optional<std::int64_t> problem;
    std::string state;  ///< of the problem; empty: not grouped yet
};

using Key = std::tuple<int, std::int64_t, std::string>;

class Entering {
public:
    Entering(StoreWriter::Core& core, const ReconciliationFindings& findings)
        : core_(core), findings_(findings), prefix_(findings.target + ": ") {}

    ReconciliationEntry enter() {
        std::set<Key> found;
        for (const Difference& difference : findings_.found) {
            const std::string detail = prefix_ + difference.key;
            found.insert({static_cast<int>(difference.code), difference.subject.value, detail});
            open(difference, detail);
        }
        for (const Difference& difference : findings_.settled) {
            const std::string detail = prefix_ + difference.key;
            const Key key{static_cast<int>(difference.code), difference.subject.value, detail};
            if (!found.contains(key))
                if (const auto known = find(difference, detail)) resolve(*known);
        }
        for (const Code rule : findings_.complete) resolve_all_but(rule, found);
        return entry_;
    }

private:
    std::optional<Known> find(const Difference& difference, const std::string& detail) {
        auto query = core_.db().prepare(
            "SELECT n.notice_id, n.problem_id, p.state FROM notice n "
            "LEFT JOIN problem p ON p.problem_id = n.problem_id "
            "WHERE n.rule = ? AND n.subject_id = ? AND n.detail = ?");
        query.bind(static_cast<int>(difference.code), difference.subject.value, detail);
        if (!query.step()) return std::nullopt;
        return Known{query.integer(0), query.optional_integer(1), query.string(2)};
    }

    // A notice without a problem is what the grouping takes up: it opens the problem again.
    void open(const Difference& difference, const std::string& detail) {
        if (const auto known = find(difference, detail)) {
            if (known->state != "resolved") return;
            core_.db()
                .prepare("UPDATE notice SET problem_id = NULL, opened_us = ? WHERE notice_id = ?")
                .bind(core_.clock.now().microseconds, known->notice)
                .run();
        } else {
            core_.db()
                .prepare(
                    "INSERT INTO notice(rule, subject_id, detail, opened_us) VALUES (?, ?, ?, ?)")
                .bind(static_cast<int>(difference.code), difference.subject.value, detail,
                      core_.clock.now().microseconds)
                .run();
        }
        ++entry_.opened;
    }

    void resolve(const Known& known) {
        if (!known.problem || (known.state != "open" && known.state != "in review")) return;
        const auto before = problem_standing(core_, *known.problem);
        core_.db()
            .prepare(
                "UPDATE problem SET state = 'resolved', open_count = 0, closed_us = ? "
                "WHERE problem_id = ?")
            .bind(core_.clock.now().microseconds, *known.problem)
            .run();
        tell_turn(core_, before->state, *problem_standing(core_, *known.problem),
                  "the difference is gone");
        close_queries_of_released(core_, *known.problem);
        ++entry_.resolved;
    }

    void resolve_all_but(Code rule, const std::set<Key>& found) {
        std::vector<Known> over;
        {
            auto query = core_.db().prepare(
                "SELECT n.notice_id, n.problem_id, p.state, n.subject_id, n.detail FROM notice n "
                "JOIN problem p ON p.problem_id = n.problem_id "
                "LEFT JOIN subject s ON s.subject_id = n.subject_id "
                "WHERE n.rule = ? AND p.state IN ('open', 'in review') "
                "AND (n.subject_id = 0 OR s.study = ?)");
            query.bind(static_cast<int>(rule), findings_.study);
            while (query.step()) {
                const std::string detail = query.string(4);
                if (!detail.starts_with(prefix_) ||
                    found.contains({static_cast<int>(rule), query.integer(3), detail}))
                    continue;
                over.push_back({query.integer(0), query.optional_integer(1), query.string(2)});
            }
        }
        for (const Known& known : over) resolve(known);
    }

    StoreWriter::Core& core_;
    const ReconciliationFindings& findings_;
    std::string prefix_;
    ReconciliationEntry entry_;
};

}  // namespace

ReconciliationEntry enter_reconciliation(StoreWriter& writer,
                                         const ReconciliationFindings& findings, const Act& act) {
    // What an earlier run left must have its problem before it can be closed.
    while (group_holds(writer) > 0) {
    }
    ReconciliationEntry entry;
    {
        WriteTransaction transaction(writer.core());
        entry = Entering(writer.core(), findings).enter();
        if (entry.opened + entry.resolved > 0) {
            const std::string what =
                fmt::format("{} {}: {} differences, {} opened, {} resolved", findings.study,
                            findings.target, findings.found.size(), entry.opened, entry.resolved);
            AuditEntry row = entry_of(writer.core().clock.now(), act,
                                      {"reconcile", what, "target", findings.target, {}, {}});
            row.about = what;
            writer.core().audit->append(writer.core().db(), row);
        }
        transaction.commit();
    }
    while (group_holds(writer) > 0) {
    }
    return entry;
}

}  // namespace labrelay::store
