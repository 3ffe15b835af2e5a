#include "labrelay/study/outstanding.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace labrelay::study {
namespace {

using labrelay::to_string;

class Listing {
public:
    Listing(const SubjectStanding& standing, const LockScope& scope, const StudyDefinition& study,
            Instant now)
        : standing_(standing),
          scope_(scope),
          label_(standing.subject.label()),
          completeness_(complete({standing.results, standing.subject, study, now, standing.held})) {
    }

    std::vector<OutstandingItem> list() {
        add_held();
        for (const OpenNotice& notice : standing_.notices) {
            add(fmt::format("notice:{}", notice.id),
                fmt::format("{}: {} ({})", label_, entry(notice.rule).text, key(notice.rule)))
                .rule = notice.rule;
        }
        add_deliveries();
        for (const ExpectedVisit& visit : completeness_.visits) {
            if (covers_visit(visit.id)) {
                add_missing(visit);
            }
        }
        add_post_lock();
        return std::move(items_);
    }

private:
    OutstandingItem& add(std::string id, std::string text, bool acceptable = true) {
        items_.push_back({std::move(id), std::move(text), acceptable});
        return items_.back();
    }

    bool covers_visit(const std::string& visit) const {
        return scope_.visit.empty() || scope_.visit == visit;
    }

    void add_held_result(const HeldResult& held, const std::string& visit) {
        const std::string& what = held.analyte.empty() ? held.code : held.analyte;
        OutstandingItem& item =
            add("held:" + to_string(held.id),
                fmt::format("{}{}{}: {} is held by {}", label_, visit.empty() ? "" : " ", visit,
                            what, key(held.rule)));
        item.visit = visit;
        item.analyte = held.analyte;
        item.code = held.code;
        item.rule = held.rule;
    }

    /// What is dated in no window of a visit may still be of the visit where it is not dated at
    /// all.
    void add_held() {
        for (const ExpectedVisit& visit : completeness_.visits) {
            if (!covers_visit(visit.id)) {
                continue;
            }
            for (const ExpectedPanel& panel : visit.panels) {
                for (const ExpectedItem& item : panel.items) {
                    for (const HeldResult& held : item.held) {
                        add_once(held, visit.id);
                    }
                }
            }
            for (const HeldResult& held : visit.held) {
                add_once(held, visit.id);
            }
        }
        for (const HeldResult& held : completeness_.held) {
            if (scope_.visit.empty() || !held.collected) {
                add_once(held, "");
            }
        }
    }

    void add_once(const HeldResult& held, const std::string& visit) {
        const std::string id = "held:" + to_string(held.id);
        if (std::ranges::none_of(items_, [&](const auto& item) { return item.id == id; })) {
            add_held_result(held, visit);
        }
    }

    bool covers_number(std::int64_t number) const {
        const auto& results = standing_.results.results;
        const auto found = std::ranges::find(results, number, &ResultRecord::number);
        return found == results.end() || covers(scope_, standing_.subject.id, found->placement);
    }

    std::string visit_of(std::int64_t number) const {
        const auto& results = standing_.results.results;
        const auto found = std::ranges::find(results, number, &ResultRecord::number);
        return found == results.end() ? std::string() : found->placement.visit;
    }

    /// Where the target holds what moved is not known, so it may be covered by any visit's lock.
    bool covers_delivery(const OpenDelivery& delivery) const {
        return delivery.moves || std::ranges::any_of(delivery.results, [this](std::int64_t each) {
                   return covers_number(each);
               });
    }

    /// What is being sent, or was and nobody knows with what end, may stand there already: nobody
    /// can sign for what a study database holds before it is settled.
    void add_deliveries() {
        for (const OpenDelivery& delivery : standing_.deliveries) {
            // One without results tells of a lock.
            if (!covers_delivery(delivery)) {
                continue;
            }
            std::string_view first;
            if (delivery.tried) {
                first = " and may stand there";
            } else if (delivery.moves) {
                first = " and tells of a move or a label: it must be delivered first";
            }
            add(fmt::format("delivery:{}", delivery.id),
                fmt::format("{}: delivery {} to {} is {}{}, {} results", label_, delivery.id,
                            delivery.target, delivery.state, first, delivery.results.size()),
                delivery.state != "sending" && delivery.state != "unknown" && !delivery.tried &&
                    !delivery.moves);
        }
    }

    void add_missing(const ExpectedVisit& visit) {
        switch (visit.window) {
            case WindowState::not_expected:
                return;
            case WindowState::unknown:
            case WindowState::not_yet_open:
                add(fmt::format("visit:{}:{}", label_, visit.id),
                    fmt::format("{} {}: {}", label_, visit.id,
                                visit.from ? fmt::format("begins on {}", to_string(*visit.from))
                                           : visit.because))
                    .visit = visit.id;
                return;
            case WindowState::open:
            case WindowState::closed:
                break;
        }
        for (const ExpectedPanel& panel : visit.panels) {
            for (const ExpectedItem& item : panel.items) {
                if (item.state != ItemState::missing) {
                    continue;  // what is held is listed as held
                }
                const std::string what = fmt::format("{}", fmt::join(item.any_of, "|"));
                OutstandingItem& missing = add(
                    fmt::format("missing:{}:{}:{}:{}", label_, visit.id, panel.id, what),
                    fmt::format("{} {}: {} of {} is missing{}", label_, visit.id, what, panel.name,
                                item.remark.empty() ? "" : " (" + item.remark + ")"));
                missing.visit = visit.id;
                missing.analyte = what;
            }
        }
    }

    void add_post_lock() {
        for (const OpenPostLock& item : standing_.post_lock) {
            if (!covers_number(item.number)) {
                continue;
            }
            OutstandingItem& waiting =
                add(fmt::format("post-lock:{}", item.id),
                    fmt::format("{}: {} is {} since it came: {} would become {}", label_,
                                item.now.analyte, to_string(item.state), sentence_of(item.told),
                                sentence_of(item.now)));
            waiting.visit = visit_of(item.number);
            waiting.analyte = item.now.analyte;
        }
    }

    const SubjectStanding& standing_;
    const LockScope& scope_;
    const std::string label_;
    const Completeness completeness_;
    std::vector<OutstandingItem> items_;
};

}  // namespace

std::vector<OutstandingItem> outstanding_of(const SubjectStanding& standing, const LockScope& scope,
                                            const StudyDefinition& study, Instant now) {
    return Listing(standing, scope, study, now).list();
}

std::vector<OutstandingItem> outstanding_of(std::span<const OpenProblem> problems) {
    std::vector<OutstandingItem> items;
    for (const OpenProblem& problem : problems) {
        OutstandingItem& item = items.emplace_back();
        item.id = fmt::format("problem:{}", problem.id);
        item.text = fmt::format("{} results of nobody known are held by {}", problem.held,
                                key(problem.rule));
        item.rule = problem.rule;
    }
    return items;
}

}  // namespace labrelay::study
