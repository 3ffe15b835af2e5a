#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/api/services.hpp"
#include "labrelay/pipeline/committer.hpp"
#include "labrelay/pipeline/repair_plan.hpp"
#include "labrelay/store/desk.hpp"
#include "labrelay/store/problem_query.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::api {

/// Where a second person is asked, and whether one must be. Called from request threads.
class SecondPerson {
public:
    virtual ~SecondPerson() = default;
    /// Of the actions of docs/rights.md: `subject.reassign`.
    virtual bool needed(std::string_view action) = 0;

    struct Question {
        std::string_view action;
        std::string_view object;    ///< `problem 12`
        std::string_view content;   ///< JSON: what Repairs::apply_approved takes
        std::string_view preview;   ///< JSON
        std::int64_t asked_by = 0;  ///< account
    };
    /// Enters it in the desk's transaction; the approval's id.
    virtual Result<std::int64_t> ask(store::Desk& desk, const store::Act& act,
                                     const Question& question) = 0;
};

/// One way to repair a cause. Those of pipeline/repair_plan.hpp are there; what teaches a
/// configuration is added by whoever writes configurations.
struct RepairKind {
    std::string name;  ///< `link-subject`
    security::Permission permission{};
    /// The action that asks for a second person whenever this is done; empty: only what is moved
    /// after delivery does.
    std::string second_person;
    bool teaches = false;  ///< changes the configuration of the problem's source
    /// Somewhere at all; a configuration is of all studies, whatever results are held for it.
    bool is_open_to(const security::Principal& who) const {
        return teaches ? who.may(permission, "", "") : who.may(permission);
    }
    /// Whether it may help against a rule, and whether it is the likely remedy.
    std::function<bool(Code rule)> fits;
    std::function<bool(Code rule)> likely;
    /// The plan; a kind that teaches gives the candidate configuration with it.
    std::function<Result<pipeline::RepairPlan>(const nlohmann::json& body,
                                               const pipeline::RepairScene& scene)>
        plan;
    /// Before the job is queued, in its transaction: what teaches makes its configuration hold
    /// here. May be run again where another node was in the way. Nothing: the plan is all.
    std::function<Result<void>(store::Desk& desk, const nlohmann::json& body,
                               const store::Act& act)>
        enact;
    /// After the commit of that.
    std::function<void()> enacted;
    /// What the page fills in beforehand, with one of the results that are held; nothing: an empty
    /// object.
    std::function<nlohmann::ordered_json(const store::ProblemRow& problem,
                                         const store::ProblemItem& example)>
        fields;
};

/// What a person does about the cause of a problem: shows first what it would do, then does it in
/// one transaction and leaves the messages to the committer's jobs. One a server; thread-safe once
/// all kinds are added. What it is given outlives it.
class Repairs {
public:
    /// `second_person` may be nothing: then what needs a second person is refused.
    Repairs(const Services& services, pipeline::Committer& committer, SecondPerson* second_person);

    void add(RepairKind kind);

    /// Errors: not-found, body-bad, forbidden, those of the plan, store-io.
    Result<nlohmann::ordered_json> preview(ProblemId problem, const nlohmann::json& body,
                                           const security::Principal& who);

    struct Enacted {
        std::optional<std::int64_t> job;
        std::optional<std::int64_t> approval;  ///< a second person decides first
    };
    /// Errors: the same, reason-needed, too-many-items, state-change-bad (nobody to ask).
    Result<Enacted> enact(ProblemId problem, const nlohmann::json& body,
                          const security::Principal& who, const store::Act& act);
    /// In the transaction that does it: says that it is done, or why it may not be any more.
    using Settle = std::function<Result<void>(store::Desk&)>;
    /// What a second person approved: `content` of the question. The job's id. Plans anew, so that
    /// what has changed since counts. `settle` stands or falls with it: what it refuses is not
    /// done, so that an approval is applied once however often and wherever it is tried.
    Result<std::int64_t> apply_approved(const std::string& content, const store::Act& act,
                                        const security::Principal& asker,
                                        const security::Principal& decider, const Settle& settle);

    Result<void> stop(std::int64_t job, const store::Act& act);
    /// Takes back every decision that the repair made and every fact that it entered, by a second
    /// person where the repair itself needs one. Errors: not-found, forbidden, reason-needed,
    /// state-change-bad with why it cannot be taken back.
    Result<Enacted> undo(std::int64_t job, const security::Principal& who, const store::Act& act);
    /// What that would do, as preview(); `held_again`: of what is stored now.
    Result<nlohmann::ordered_json> preview_undo(std::int64_t job, const security::Principal& who);

    /// `repairs` of GET /problems/{id}: what may be done about it, the likely first, with
    /// candidates. Not `revealed`: a patient's identifier is masked, and taken so in a request.
    nlohmann::ordered_json options(store::ReadSession& session, const store::ProblemRow& problem,
                                   const security::Principal& who, bool revealed);

    const RepairKind* kind(std::string_view name) const;

private:
    struct Prepared;
    struct Undoing;
    Result<Undoing> prepare_undo(std::int64_t job, const security::Principal& who) const;
    Result<std::int64_t> apply_undo(const Undoing& undoing, const store::Act& act,
                                    const Settle& settle);
    Result<std::int64_t> undo_approved(const nlohmann::json& asked, const store::Act& act,
                                       const security::Principal& asker,
                                       const security::Principal& decider, const Settle& settle);
    Result<Prepared> prepare(ProblemId problem, const nlohmann::json& body, std::size_t most,
                             const security::Principal& who) const;
    static bool holds_closed(const Prepared& prepared, const views::Sight& sight);
    static std::string fingerprint(const Prepared& prepared);
    static std::string fingerprint(const std::vector<ObservationId>& items);
    Result<void> may(const RepairKind& kind, const pipeline::RepairPlan& plan,
                     const study::Registry& registry, const security::Principal& who) const;
    /// The action that asks for one; empty: nobody is asked. `told`: a target was told of what is
    /// moved.
    std::string_view second_person_for(const RepairKind& kind, bool told) const;
    /// What stands in for doing it: `shown` is what it would do, `asked` what is done if a second
    /// person approves.
    Result<Enacted> ask_second_person(std::string_view action, ProblemId problem,
                                      const nlohmann::json& asked,
                                      const std::function<Result<nlohmann::ordered_json>()>& shown,
                                      const store::Act& act, const security::Principal& who);
    Result<std::int64_t> apply(Prepared& prepared, const store::Act& act,
                               const Settle& settle = {});

    const Services& services_;
    pipeline::Committer& committer_;
    SecondPerson* second_person_;
    std::vector<RepairKind> kinds_;
};

/// POST /problems/{id}/repairs/preview, POST /problems/{id}/repairs, GET /jobs, GET /jobs/{id},
/// GET /jobs/{id}/items, POST /jobs/{id}/stop, POST /jobs/{id}/undo/preview, POST /jobs/{id}/undo.
void add_repair_routes(Router& router, const Services& services, Repairs& repairs);

}  // namespace labrelay::api
