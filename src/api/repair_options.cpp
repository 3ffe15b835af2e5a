#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "labrelay/api/repairs.hpp"
#include "labrelay/store/held_query.hpp"
#include "labrelay/store/problem_board.hpp"
#include "labrelay/views/problem_page.hpp"
#include "labrelay/views/repair.hpp"
#include "repair_identifier.hpp"

namespace labrelay::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostCandidates = 8;
/// Results that are looked through for one that the person may see.
constexpr std::size_t kMostLookedAt = 500;

}  // namespace

Json Repairs::options(store::ReadSession& session, const store::ProblemRow& problem,
                      const security::Principal& who, bool revealed) {
    const std::shared_ptr<const mapping::Configuration> configuration =
        services_.snapshots.configuration();
    const study::Registry registry = services_.snapshots.registry();
    const views::Sight sight(who, security::Permission::problems_view, configuration, registry);
    // The first that is for the person: another's, or one that is closed to them, tells nothing.
    std::vector<pipeline::RepairItem> held = store::held_by(session, problem.id, kMostLookedAt);
    std::erase_if(held, [&](const pipeline::RepairItem& item) {
        return sight.is_closed(item.analyte) ||
               (item.subject ? !sight.sees(item.subject) : !sight.sees_unplaced(problem.source));
    });
    std::vector<store::ProblemItem> examples =
        store::problem_items(session, problem.id, {}, kMostLookedAt);
    std::erase_if(examples,
                  [&](const store::ProblemItem& item) { return !views::seen(item, sight); });
    // Of what nobody mapped nobody can say whether it is closed: its code is shown, no value.
    for (store::ProblemItem& item : examples) {
        if (sight.is_closed(item.analyte)) item.value_reported.clear();
    }
    std::optional<pipeline::StoredMessage> message;
    if (!held.empty()) message = store::stored_message(session, held.front().id.message);
    std::vector<Json> likely;
    std::vector<Json> others;
    for (const RepairKind& kind : kinds_) {
        if (!kind.fits(problem.rule)) continue;
        Json option = {
            {"kind", kind.name},
            {"title_key", "repair." + kind.name},
            {"likely", kind.likely(problem.rule)},
            {"permission", std::string(security::row(kind.permission).key)},
            {"allowed", kind.is_open_to(who)},
            {"four_eyes", !second_person_for(kind, true).empty()},
            {"fields", kind.fields && !examples.empty() ? kind.fields(problem, examples.front())
                                                        : Json::object()}};
        fill_identifier(problem, option["fields"]);
        if (!revealed) mask_identifier(option["fields"]);
        if (message && kind.name == "link-subject") {
            auto candidates = pipeline::subject_candidates(
                *message, held.front().id.ordinal, *configuration, registry, kMostCandidates);
            std::erase_if(candidates, [&](const pipeline::SubjectCandidate& candidate) {
                const study::Subject* subject = registry.subject(candidate.subject);
                return subject == nullptr ||
                       !who.may(kind.permission, subject->study, subject->site);
            });
            option["candidates"] = views::subject_candidates_json(candidates, registry);
        }
        if (message && kind.name == "place-visit" && held.front().subject) {
            option["candidates"] = views::visit_candidates_json(pipeline::visit_candidates(
                *message, held.front().id.ordinal, held.front().subject, *configuration, registry));
        }
        (kind.likely(problem.rule) ? likely : others).push_back(std::move(option));
    }
    Json options = Json::array();
    for (std::vector<Json>* list : {&likely, &others}) {
        for (Json& option : *list) options.push_back(std::move(option));
    }
    return options;
}

}  // namespace labrelay::api
