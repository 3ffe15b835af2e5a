#include "labrelay/store/lock_desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "labrelay/pipeline/commit_store.hpp"
#include "lock_tables.hpp"
#include "post_lock_tables.hpp"
#include "registry_tables.hpp"
#include "result_reader.hpp"
#include "result_writer.hpp"
#include "shared_store.hpp"
#include "subject_tables.hpp"
#include "taken_back.hpp"
#include "writer_core.hpp"

namespace labrelay::store {
namespace {

using study::LockAction;
using study::LockState;
using study::PostLockState;
using study::Subject;

/// Which of the subject's results the derived one is computed from.
std::set<std::int64_t> inputs_of(ResultReader& reader, const study::ResultRecord& record) {
    std::set<std::int64_t> numbers;
    if (record.key.derived.empty()) return numbers;
    for (const ObservationId& input : record.current_version().inputs)
        if (const auto number = reader.number_of(record.key.subject, input))
            numbers.insert(*number);
    return numbers;
}

std::vector<std::string> targets_of(Connection& database) {
    std::vector<std::string> names;
    auto query = database.prepare(
        "SELECT n.text FROM target t JOIN term n ON n.term_id = t.target_id ORDER BY t.target_id");
    while (query.step()) names.push_back(query.string(0));
    return names;
}

/// Of a shared store: the session by which no node begins a round of deliveries any more, when
/// those that were begun are over. That may take long: it is waited for before this node's writer
/// and the registry are taken, so that every node goes on taking messages.
class NoRounds {
public:
    explicit NoRounds(const StoreWriter::Core& core) {
        if (!core.shared()) return;
        session_ = open_store(core.place, sql::Access::read);
        session_->execute("SET lock_timeout = '90s'");
        targets_ = targets_of(*session_);
        wait_out_rounds(*session_, targets_);
    }
    /// The transaction keeps all out of them from now on.
    void hand_over(Connection& database) {
        for (const std::string& target : targets_) keep_out_of_rounds(database, target);
        // At once: the server ends a closed session when it gets to it.
        if (session_) leave_session_locks(*session_);
        session_.reset();
    }

private:
    std::unique_ptr<Connection> session_;
    std::vector<std::string> targets_;
};

}  // namespace

struct LockDesk::Open {
    Open(StoreWriter& writer, Act act_in)
        : core(writer.core()),
          door(std::move(act_in)),
          no_rounds(core),
          transaction(core),
          reader(core.db(), core.terms, core.specimens) {
        if (!core.shared()) return;
        // No delivery is under way that the locks would keep back, and no batch of another node
        // that has asked for them already.
        core.db().execute("SET LOCAL lock_timeout = '90s'");
        no_rounds.hand_over(core.db());
        lock_registry_alone(core.db());
    }

    study::ResultRecord record(const PostLockRow& row) {
        auto found = reader.record(row.subject, row.number);
        if (!found) throw pipeline::unreadable("a post-lock item's result is missing");
        return std::move(*found);
    }
    void release(const Subject& subject);
    void shut(const Subject& subject, const LockFact& fact);
    void settle_one(PostLockRow& row, Decision decision, const PostLockAct& act);
    void settle_followers(const PostLockRow& row, const PostLockAct& act);
    bool has_open_input(const PostLockRow& row);

    StoreWriter::Core& core;
    Act door;
    NoRounds no_rounds;
    WriteTransaction transaction;
    ResultReader reader;
};

LockDesk::LockDesk(StoreWriter& writer, Act act)
    : open_(std::make_unique<Open>(writer, std::move(act))) {}
LockDesk::~LockDesk() = default;

Instant LockDesk::now() const {
    return open_->core.clock.now();
}

void LockDesk::commit() {
    open_->transaction.commit();
}

study::Registry LockDesk::registry() {
    return read_registry(open_->core.db());
}

LockState LockDesk::state(const study::LockScope& scope) {
    return scope_state(open_->core.db(), scope);
}

study::SubjectStanding LockDesk::standing(const Subject& subject) {
    Connection& database = open_->core.db();
    study::SubjectStanding standing;
    standing.subject = subject;
    standing.results = open_->reader.subject(subject.id);
    standing.held = read_held(database, open_->core.terms, subject.id);
    standing.notices = open_notices(database, subject.id);
    standing.deliveries = open_deliveries(database, open_->core.terms, subject.id);
    for (const PostLockRow& row : post_lock_rows(database, {false, subject.id})) {
        const PostLockItem item = item_of(row);
        standing.post_lock.push_back({item.id, item.number, item.state, item.told, item.now});
    }
    return standing;
}

std::vector<study::OpenProblem> LockDesk::unplaced_problems() {
    return store::unplaced_problems(open_->core.db());
}

void LockDesk::change(const LockFact& fact, const std::vector<const Subject*>& subjects) {
    const auto state = study::after(this->state(fact.scope), fact.action);
    if (!state) throw std::logic_error("a lock's action is not allowed from its state");
    const std::int64_t id = append_lock_fact(open_->core, fact, *state, open_->door);
    for (const Subject* subject : subjects) {
        switch (fact.action) {
            case LockAction::lock:
                open_->shut(*subject, fact);
                break;
            case LockAction::unfreeze:
            case LockAction::unlock:
                open_->release(*subject);
                break;
            case LockAction::freeze:
                break;
        }
    }
    tell_lock(open_->core, fact, id);
}

/// What waited and is covered by nothing more goes out, and the subject's label where it changed
/// meanwhile.
void LockDesk::Open::release(const Subject& subject) {
    const std::vector<study::ScopeLock> locks = locks_over(core.db(), subject.id);
    std::vector<ResultToTell> results;
    const PostLockAct by{core.clock.now(), "engine", "unfrozen", {}, nullptr};
    for (PostLockRow& row : withholding_items(core.db(), subject.id)) {
        if (row.state != PostLockState::waiting) continue;
        const study::ResultRecord now = record(row);
        const study::Placement* told = row.told ? &row.told->placement : nullptr;
        if (study::effective(locks, subject.id, told, now.placement) != LockState::open) continue;
        move_post_lock(core, row, PostLockState::forwarded, by);
        results.push_back({row.number, Code::released_from_freeze});
    }
    tell_results(core, subject.id, results);
    tell_again_of_released(core, subject.id);
}

/// Items of what waited, and of every covered result that a target was still to be told of.
void LockDesk::Open::shut(const Subject& subject, const LockFact& fact) {
    // First what was told is found out: it is what whoever sees an item open sees.
    take_back_deliveries(core, subject.id, fact.scope, fact.at);
    const std::vector<study::ScopeLock> locks = locks_over(core.db(), subject.id);
    const PostLockAct by{fact.at, fact.actor, fact.reason, fact.signature, &door};
    for (PostLockRow& row : withholding_items(core.db(), subject.id)) {
        const study::ResultRecord now = record(row);
        const study::Placement* told = row.told ? &row.told->placement : nullptr;
        if (row.state == PostLockState::waiting &&
            study::effective(locks, subject.id, told, now.placement) == LockState::locked)
            move_post_lock(core, row, PostLockState::open, by);
    }
}

std::optional<PostLockItem> LockDesk::item(std::int64_t id) {
    const auto row = post_lock_row(open_->core.db(), id);
    if (!row) return std::nullopt;
    return item_of(*row);
}

std::string LockDesk::authorised_by(std::int64_t id) {
    auto query = open_->core.db().prepare(
        "SELECT actor FROM post_lock_fact WHERE item_id = ? AND to_state = 'authorised' "
        "ORDER BY fact_id DESC LIMIT 1");
    query.bind(id);
    return query.step() ? query.string(0) : std::string();
}

Result<void> LockDesk::settle(const Settlement& settlement) {
    auto row = post_lock_row(open_->core.db(), settlement.item);
    const Place place{fmt::format("post-lock:{}", settlement.item)};
    if (!row) return fail(Code::not_found, place);
    const bool waits_for_person =
        row->state == PostLockState::open ||
        (row->state == PostLockState::authorised && settlement.decision != Decision::authorise);
    if (!waits_for_person)
        return fail(Code::post_lock_state_bad, place,
                    fmt::format("it is {}", study::to_string(row->state)));
    if (open_->has_open_input(*row)) return fail(Code::post_lock_follows, place);
    const PostLockAct act{now(), settlement.actor, settlement.reason, settlement.signature,
                          &open_->door};
    open_->settle_one(*row, settlement.decision, act);
    if (settlement.decision != Decision::authorise) open_->settle_followers(*row, act);
    return {};
}

void LockDesk::Open::settle_one(PostLockRow& row, Decision decision, const PostLockAct& act) {
    if (decision == Decision::not_apply) {
        move_post_lock(core, row, PostLockState::not_applied, act);
        return;
    }
    if (row.state == PostLockState::open) move_post_lock(core, row, PostLockState::authorised, act);
    if (decision == Decision::authorise) return;
    move_post_lock(core, row, PostLockState::forwarded, act);
    const ResultToTell result{row.number, Code::post_lock_correction};
    tell_results(core, row.subject, {&result, 1});
}

bool LockDesk::Open::has_open_input(const PostLockRow& row) {
    for (const std::int64_t input : inputs_of(reader, record(row))) {
        const auto item = withholding_item(core.db(), row.subject, input);
        if (item && study::unsettled(item->state)) return true;
    }
    return false;
}

void LockDesk::Open::settle_followers(const PostLockRow& row, const PostLockAct& act) {
    for (PostLockRow& follower : withholding_items(core.db(), row.subject)) {
        if (!study::unsettled(follower.state) || follower.state == PostLockState::waiting) continue;
        const std::set<std::int64_t> inputs = inputs_of(reader, record(follower));
        if (!inputs.contains(row.number) || has_open_input(follower)) continue;
        const bool all_forwarded = std::ranges::none_of(inputs, [&](std::int64_t input) {
            return withholding_item(core.db(), row.subject, input).has_value();
        });
        settle_one(follower, all_forwarded ? Decision::forward : Decision::not_apply, act);
    }
}

}  // namespace labrelay::store
