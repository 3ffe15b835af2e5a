#include "taken_back.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "delivery_list.hpp"
#include "labrelay/delivery/delivery_state.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/study/versions.hpp"
#include "post_lock_tables.hpp"
#include "result_reader.hpp"

namespace labrelay::store {
namespace {

using delivery::DeliveryState;
using study::PostLockState;

/// An outbox row of the subject, delivered or not.
struct Row {
    std::int64_t id = 0;
    std::int64_t target = 0;
    std::optional<MessageId> message;
    DeliveryState state = DeliveryState::ready;
    std::int64_t place =
        0;  ///< in the order of the rows: its own id, or that of what it was split off
    std::int64_t carries =
        0;  ///< of a delivered one: with it went what rows up to this place brought
    std::vector<ListedResult> results;

    bool may_stand_there = false;  ///< it was sent, and nobody knows with what end
};

std::vector<Row> rows_of(StoreWriter::Core& core, SubjectId subject) {
    std::vector<Row> rows;
    static const std::string sql = fmt::format(
        "SELECT o.delivery_id, o.target_id, o.message_id, o.state, "
        "coalesce(o.split_of, o.delivery_id), coalesce(o.carries, o.delivery_id), o.results, {} "
        "FROM outbox o LEFT JOIN target t ON t.target_id = o.target_id WHERE o.subject_id = ? "
        "ORDER BY o.delivery_id",
        kTried);
    auto query = core.db().prepare(sql.c_str());
    query.bind(subject.value);
    while (query.step()) {
        Row& row = rows.emplace_back();
        row.id = query.integer(0);
        row.target = query.integer(1);
        if (const auto message = query.optional_integer(2)) row.message = MessageId{*message};
        const auto state = delivery::delivery_state_from(query.text(3));
        if (!state) throw pipeline::unreadable("a delivery's state cannot be read");
        row.state = *state;
        row.place = query.integer(4);
        row.carries = query.integer(5);
        row.results = unpack_results(query.text(6));
        row.may_stand_there = row.state == DeliveryState::sending ||
                              row.state == DeliveryState::unknown || query.flag(7);
    }
    return rows;
}

/// What one target heard of one result, and what it was still to hear.
struct Heard {
    std::int64_t upto = 0;  ///< of all that rows up to this place brought; 0: of nothing
    std::map<MessageId, std::int64_t> brought;  ///< the first row with what a message brought
    std::vector<std::int64_t> released;         ///< rows with what had been kept back

    std::set<MessageId> unheard() const {
        std::set<MessageId> messages;
        for (const auto& [message, place] : brought)
            if (place > upto) messages.insert(message);
        return messages;
    }
    std::size_t unheard_releases() const {
        return static_cast<std::size_t>(
            std::ranges::count_if(released, [&](std::int64_t place) { return place > upto; }));
    }
};

std::map<std::int64_t, Heard> heard_of(const std::vector<Row>& rows, std::int64_t number) {
    std::map<std::int64_t, Heard> targets;
    for (const Row& row : rows) {
        for (const ListedResult& listed : row.results) {
            if (listed.lock || listed.number != number) continue;
            Heard& heard = targets[row.target];
            if (row.state == DeliveryState::delivered)
                heard.upto = std::max(heard.upto, row.carries);
            if (row.message) {
                auto& first = heard.brought.try_emplace(*row.message, row.place).first->second;
                first = std::min(first, row.place);
            } else if (is_release(listed.reason)) {
                heard.released.push_back(row.place);
            }
        }
    }
    return targets;
}

/// What the lock takes back of one result.
struct TakenBack {
    std::vector<std::pair<std::int64_t, std::int64_t>> rows;  ///< target, place
    Code reason = Code::none;                                 ///< of the newest
    std::optional<MessageId> message;
};

/// The record without the versions that these messages brought; nothing where none is left. Where
/// the result stood then is not kept: it is taken to stand where it does.
std::optional<ToldState> told_without(study::ResultRecord record,
                                      const std::set<MessageId>& messages) {
    std::erase_if(record.versions, [&](const study::StoredVersion& version) {
        return messages.contains(version.id.message);
    });
    if (record.versions.empty()) return std::nullopt;
    record.current = study::current_of(record.versions);
    return told_state(record);
}

bool names_any(const ToldState& told, const std::set<MessageId>& messages) {
    return std::ranges::any_of(told.versions, [&](const std::string& ids) {
        return std::ranges::any_of(unpack_ids(ids), [&](const ObservationId& id) {
            return messages.contains(id.message);
        });
    });
}

/// Finds out what each target holds of a result that is taken back.
class Tellers {
public:
    Tellers(StoreWriter::Core& core, ResultReader& reader, SubjectId subject)
        : core_(core), reader_(reader), items_(post_lock_rows(core.db(), {true, subject})) {}

    /// The targets that hold the most are what is told; the others differ.
    void say(PostLockRow& item, const study::ResultRecord& record,
             const std::map<std::int64_t, Heard>& targets) {
        const std::optional<PostLockRow> before =
            withholding_item(core_.db(), record.key.subject, record.number);
        std::vector<ToldElsewhere> all;
        for (const auto& [target, heard] : targets) {
            ToldElsewhere& one = all.emplace_back();
            one.target = core_.terms.text(core_.db(), target);
            one.told = told(record, heard, one.target, before);
        }
        if (before) {  // and of those that no row is about any more
            for (const ToldElsewhere& one : before->differs)
                if (std::ranges::find(all, one.target, &ToldElsewhere::target) == all.end())
                    all.push_back(one);
        }
        const auto furthest = std::ranges::max_element(all, {}, [](const ToldElsewhere& one) {
            return one.told ? one.told->versions.size() : 0;
        });
        item.told = furthest == all.end() ? std::nullopt : furthest->told;
        item.differs.clear();
        for (ToldElsewhere& one : all)
            if (!same(one.told, item.told)) item.differs.push_back(std::move(one));
    }

private:
    std::optional<ToldState> told(const study::ResultRecord& record, const Heard& heard,
                                  std::string_view target,
                                  const std::optional<PostLockRow>& before) {
        if (heard.upto == 0) return std::nullopt;
        const PostLockRow* kept_back = before ? &*before : nullptr;
        if (const std::size_t releases = heard.unheard_releases(); kept_back == nullptr && releases)
            kept_back = released(record.number, releases);
        const std::set<MessageId> unheard = heard.unheard();
        if (kept_back == nullptr) return told_without(record, unheard);
        const std::optional<ToldState>& then = kept_back->told_at(target);
        if (!then || !names_any(*then, unheard)) return then;
        return told_without(as_told(reader_, record, *then), unheard);
    }

    /// The item whose release was the first of the last `count`: it says what was told before.
    const PostLockRow* released(std::int64_t number, std::size_t count) const {
        const PostLockRow* found = nullptr;
        for (auto item = items_.rbegin(); item != items_.rend() && count > 0; ++item) {
            if (item->number != number || item->state != PostLockState::forwarded) continue;
            found = &*item;
            --count;
        }
        return found;
    }

    StoreWriter::Core& core_;
    ResultReader& reader_;
    std::vector<PostLockRow> items_;
};

void forget_first_delivery(StoreWriter::Core& core, SubjectId subject, std::int64_t number) {
    core.db()
        .prepare("UPDATE result SET first_delivery = NULL WHERE subject_id = ? AND number = ?")
        .bind(subject.value, number)
        .run();
}

void shorten(StoreWriter::Core& core, std::int64_t delivery,
             const std::vector<ListedResult>& left) {
    if (left.empty()) {
        core.db().prepare("DELETE FROM outbox WHERE delivery_id = ?").bind(delivery).run();
        return;
    }
    const std::string packed = pack_results(left);
    core.db()
        .prepare("UPDATE outbox SET results = ? WHERE delivery_id = ?")
        .bind(packed, delivery)
        .run();
}

void open_item(StoreWriter::Core& core, Tellers& tellers, const study::ResultRecord& record,
               const std::map<std::int64_t, Heard>& targets, const TakenBack& what, Instant at) {
    const SubjectId subject = record.key.subject;
    if (auto item = withholding_item(core.db(), subject, record.number)) {
        tellers.say(*item, record, targets);
        item->changed = at;
        if (!item->told) forget_first_delivery(core, subject, record.number);
        update_told(core, *item);
        return;
    }
    PostLockRow item;
    item.subject = subject;
    item.number = record.number;
    tellers.say(item, record, targets);
    item.now = study::words_of(record);
    item.reason = what.reason;
    item.message = what.message;
    item.opened = at;
    item.changed = at;
    if (!item.told) forget_first_delivery(core, subject, record.number);
    insert_post_lock(core, item);
}

}  // namespace

void take_back_deliveries(StoreWriter::Core& core, SubjectId subject, const study::LockScope& scope,
                          Instant at) {
    ResultReader reader(core.db(), core.terms, core.specimens);
    const std::vector<Row> rows = rows_of(core, subject);
    std::map<std::int64_t, TakenBack> taken;
    for (const Row& row : rows) {
        if (row.state == DeliveryState::delivered) continue;
        if (row.state != DeliveryState::rejected &&
            tells_of_places(row.message.has_value(), row.results) &&
            (!scope.subject || scope.subject == subject))
            throw std::logic_error("a lock came before a target was told of a move");
        const auto covered = [&](const ListedResult& listed) {
            if (listed.lock) return false;
            const auto record = reader.record(subject, listed.number);
            return record && study::covers(scope, subject, record->placement);
        };
        std::vector<ListedResult> left;
        for (const ListedResult& listed : row.results) {
            if (!covered(listed)) {
                left.push_back(listed);
                continue;
            }
            if (row.may_stand_there)
                throw std::logic_error("a lock came before it was known what a delivery wrote");
            TakenBack& what = taken[listed.number];
            what.rows.emplace_back(row.target, row.place);
            what.reason = listed.reason;
            what.message = row.message;
        }
        if (left.size() != row.results.size()) shorten(core, row.id, left);
    }
    Tellers tellers(core, reader, subject);
    for (const auto& [number, what] : taken) {
        const std::map<std::int64_t, Heard> targets = heard_of(rows, number);
        // A refused delivery whose content came with a later one was to tell nothing any more.
        const bool unheard = std::ranges::any_of(
            what.rows, [&](const auto& row) { return row.second > targets.at(row.first).upto; });
        if (!unheard) continue;
        const auto record = reader.record(subject, number);
        open_item(core, tellers, *record, targets, what, at);
    }
}

}  // namespace labrelay::store
