#include "repair_kinds.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "repair_request.hpp"

namespace labrelay::api {
namespace {

using security::Permission;

template <std::size_t Count>
std::function<bool(Code)> one_of(const std::array<Code, Count>& rules) {
    return [rules](Code rule) { return std::ranges::find(rules, rule) != rules.end(); };
}

bool always(Code) {
    return true;
}
bool never(Code) {
    return false;
}

constexpr std::array kWhose{Code::unknown_subject,      Code::no_identifier,
                            Code::identifiers_disagree, Code::birth_date_contradicts,
                            Code::sex_contradicts,      Code::unknown_specimen,
                            Code::specimen_conflict,    Code::moved_from_subject};
constexpr std::array kUnknown{Code::unknown_subject, Code::no_identifier,
                              Code::identifiers_disagree};
constexpr std::array kSpecimens{Code::unknown_specimen, Code::specimen_conflict,
                                Code::unknown_subject, Code::collection_time_missing,
                                Code::visit_contradicts};
constexpr std::array kUnregistered{Code::unknown_specimen, Code::collection_time_missing};
constexpr std::array kRegistryFacts{Code::birth_date_contradicts, Code::sex_contradicts,
                                    Code::visit_anchor_unknown,   Code::visit_time_needed,
                                    Code::visit_contradicts,      Code::screening_unknown,
                                    Code::visit_ambiguous};
constexpr std::array kMissingFacts{Code::visit_anchor_unknown, Code::screening_unknown,
                                   Code::birth_date_contradicts, Code::sex_contradicts};
constexpr std::array kVisits{Code::visit_anchor_unknown, Code::visit_time_needed,
                             Code::visit_ambiguous, Code::visit_contradicts};
constexpr std::array kWhichVisit{Code::visit_time_needed, Code::visit_ambiguous,
                                 Code::visit_contradicts};
constexpr std::array kMoves{Code::withdrawn_whole_specimen, Code::moved_from_subject,
                            Code::specimen_conflict,        Code::delta_exceeded,
                            Code::specimen_suspect,         Code::correction_differs};
constexpr std::array kSurelyMoves{Code::withdrawn_whole_specimen, Code::moved_from_subject};

RepairKind built_in(const char* name, Permission permission, std::function<bool(Code)> fits,
                    std::function<bool(Code)> likely) {
    RepairKind kind;
    kind.name = name;
    kind.permission = permission;
    kind.fits = std::move(fits);
    kind.likely = std::move(likely);
    kind.plan = [](const nlohmann::json& body,
                   const pipeline::RepairScene& scene) -> Result<pipeline::RepairPlan> {
        const Result<pipeline::RepairRequest> request = repair_request_from(body);
        if (!request) return tl::unexpected(request.error());
        return pipeline::plan_repair(*request, scene);
    };
    return kind;
}

}  // namespace

std::vector<RepairKind> built_in_repairs() {
    return {
        built_in("link-subject", Permission::repair_subject, one_of(kWhose), one_of(kUnknown)),
        built_in("register-specimen", Permission::repair_subject, one_of(kSpecimens),
                 one_of(kUnregistered)),
        built_in("correct-subject", Permission::repair_subject, one_of(kRegistryFacts),
                 one_of(kMissingFacts)),
        built_in("place-visit", Permission::repair_visit, one_of(kVisits), one_of(kWhichVisit)),
        built_in("accept-value", Permission::repair_value, study::may_be_waived,
                 study::may_be_waived),
        built_in("move-specimen", Permission::repair_subject, one_of(kMoves), one_of(kSurelyMoves)),
        built_in("not-for-study", Permission::problems_dismiss, always, never),
        built_in("reprocess", Permission::reprocess, always, never),
    };
}

}  // namespace labrelay::api
