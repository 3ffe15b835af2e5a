#pragma once

#include "labrelay/api/approval_routes.hpp"
#include "labrelay/api/repairs.hpp"

namespace labrelay::app {

/// Asks in the store's approvals. What it is given outlives it.
class StoredSecondPerson final : public api::SecondPerson {
public:
    explicit StoredSecondPerson(const api::Services& services) : services_(services) {}
    bool needed(std::string_view action) override;
    Result<std::int64_t> ask(store::Desk& desk, const store::Act& act,
                             const Question& question) override;

private:
    const api::Services& services_;
};

/// What a repair that a second person approved does: it is planned anew and applied as the person
/// who asked for it. What can no longer be applied becomes stale, with the reason in the problem's
/// story.
void add_approved_repairs(api::ApprovalActions& actions, api::Repairs& repairs,
                          const api::Services& services);

/// Does what was approved and not done, because a node died between the two; how many it tried.
/// May run on any node at any time, also beside the one that is about to do it: each approval is
/// applied once. Throws pipeline::StoreFault; what it could not reach stays approved.
std::size_t finish_approved_repairs(api::Repairs& repairs, const api::Services& services);

}  // namespace labrelay::app
