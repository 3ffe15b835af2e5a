#include "withholding.hpp"

#include <algorithm>

#include "lock_tables.hpp"
#include "result_reader.hpp"

namespace labrelay::store {

using study::LockState;
using study::PostLockState;
using study::ResultChange;
using study::ResultRecord;

Withholding::Withholding(StoreWriter::Core& core, std::optional<MessageId> cause,
                         std::span<const ResultChange> changes)
    : core_(core), cause_(cause), changes_(changes) {
    if (core_.target_ids.empty()) return;  // nobody to keep anything from
    if (core_.nothing_is_locked()) return;
    // A derived result asks what became of its inputs.
    for (const bool derived : {false, true})
        for (const ResultChange& change : changes_)
            if (change.after.key.derived.empty() != derived) judge(change);
}

Withholding::SubjectLocks& Withholding::locks_of(SubjectId subject) {
    const auto [place, added] = subjects_.try_emplace(subject.value);
    if (added) {
        place->second.locks = locks_over(core_.db(), subject);
        for (PostLockRow& row : withholding_items(core_.db(), subject))
            place->second.items.insert_or_assign(row.number, std::move(row));
    }
    return place->second;
}

Withholding::Before Withholding::before(const ResultRecord& after) {
    Before found;
    const SubjectId subject = after.key.subject;
    found.record =
        ResultReader(core_.db(), core_.terms, core_.specimens).record(subject, after.number);
    if (!found.record) return found;
    auto query =
        core_.db().prepare("SELECT first_delivery FROM result WHERE subject_id = ? AND number = ?");
    query.bind(subject.value, after.number);
    found.told = query.step() && !query.is_null(0);
    return found;
}

void Withholding::judge(const ResultChange& change) {
    const ResultRecord& after = change.after;
    SubjectLocks& over = locks_of(after.key.subject);
    if (over.empty()) return;
    const Before earlier = before(after);
    const study::Placement* stood = earlier.record ? &earlier.record->placement : nullptr;
    const LockState lock = study::effective(over.locks, after.key.subject, stood, after.placement);
    const auto known = over.items.find(after.number);
    if (known != over.items.end() && study::unsettled(known->second.state)) {
        join(known->second, change, lock);
        return;
    }
    const auto followed = state_from_inputs(over, after);
    if (known == over.items.end() && lock == LockState::open && !followed) return;
    if (!after.placement.forwarded && !earlier.told && known == over.items.end()) return;
    std::optional<ToldState> told;
    std::vector<ToldElsewhere> differs;
    if (known != over.items.end()) {
        told = known->second.told;
        differs = known->second.differs;
    } else if (earlier.record && (earlier.told || earlier.record->delivered)) {
        told = told_state(*earlier.record);
    }
    withheld_.insert({after.key.subject.value, after.number});
    if (told && told->same_as(told_state(after))) return;
    const bool waits = lock == LockState::frozen ||
                       (lock == LockState::open && followed == PostLockState::waiting);
    open(change, waits ? PostLockState::waiting : PostLockState::open, std::move(told),
         std::move(differs));
}

// What the store computes from a withheld value would tell of it.
std::optional<PostLockState> Withholding::state_from_inputs(const SubjectLocks& over,
                                                            const ResultRecord& after) {
    std::optional<PostLockState> found;
    if (after.key.derived.empty() || over.items.empty()) return found;
    ResultReader reader(core_.db(), core_.terms, core_.specimens);
    for (const ObservationId& input : after.current_version().inputs) {
        auto number = reader.number_of(after.key.subject, input);
        // The result of an observation of this very write is not in its table yet.
        for (const ResultChange& change : changes_) {
            const auto& versions = change.after.versions;
            if (change.after.key.subject == after.key.subject && change.after.key.derived.empty() &&
                std::ranges::find(versions, input, &study::StoredVersion::id) != versions.end())
                number = change.after.number;
        }
        const auto item = number ? over.items.find(*number) : over.items.end();
        if (item == over.items.end() || !study::withholds(item->second.state)) continue;
        if (!found || *found == PostLockState::waiting) found = item->second.state;
    }
    return found;
}

void Withholding::join(PostLockRow& item, const ResultChange& change, LockState lock) {
    const ResultRecord& after = change.after;
    withheld_.insert({after.key.subject.value, after.number});
    const Instant now = core_.clock.now();
    item.now = study::words_of(after);
    item.reason = change.reason;
    if (cause_) item.message = cause_;
    item.changed = now;
    update_post_lock(core_, item);
    const bool everywhere = item.differs.empty();
    const bool as_told =
        item.told ? item.told->same_as(told_state(after)) : !after.placement.forwarded;
    if (as_told && everywhere) {
        move_post_lock(core_, item, PostLockState::lapsed, {now, "engine", "changed back", {}});
    } else if (item.state == PostLockState::authorised) {
        move_post_lock(core_, item, PostLockState::open,
                       {now, "engine", "another change came", {}});
    } else if (item.state == PostLockState::waiting && lock == LockState::locked) {
        move_post_lock(core_, item, PostLockState::open,
                       {now, "engine", "moved into a locked scope", {}});
    }
}

void Withholding::open(const ResultChange& change, PostLockState state,
                       std::optional<ToldState> told, std::vector<ToldElsewhere> differs) {
    PostLockRow row;
    row.subject = change.after.key.subject;
    row.number = change.after.number;
    row.state = state;
    row.told = std::move(told);
    row.differs = std::move(differs);
    row.now = study::words_of(change.after);
    row.reason = change.reason;
    row.message = cause_;
    row.opened = core_.clock.now();
    row.changed = row.opened;
    row.id = insert_post_lock(core_, row);
    subjects_[row.subject.value].items.insert_or_assign(row.number, std::move(row));
}

std::set<std::int64_t> kept_back(StoreWriter::Core& core, SubjectId subject) {
    std::set<std::int64_t> numbers;
    for (const PostLockRow& row : withholding_items(core.db(), subject)) numbers.insert(row.number);
    const auto locks = locks_over(core.db(), subject);
    if (locks.empty()) return numbers;
    const auto state = ResultReader(core.db(), core.terms, core.specimens).subject(subject);
    for (const ResultRecord& record : state.results)
        if (study::effective(locks, subject, nullptr, record.placement) != LockState::open)
            numbers.insert(record.number);
    return numbers;
}

}  // namespace labrelay::store
