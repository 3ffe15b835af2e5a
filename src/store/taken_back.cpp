#include "taken_back.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "delivery_list.hpp"
#include "labrelay/study/versions.hpp"
#include "post_lock_tables.hpp"
#include "result_reader.hpp"

namespace labrelay::store {
namespace {

struct Waiting {
    std::int64_t id = 0;
    std::optional<MessageId> message;
    bool settled = true;  ///< false: it was sent, and nobody knows whether it stands there
    std::vector<ListedResult> results;
};

std::vector<Waiting> waiting_deliveries(StoreWriter::Core& core, SubjectId subject) {
    std::vector<Waiting> rows;
    auto query = core.db().prepare(
        "SELECT delivery_id, message_id, CASE WHEN state IN ('sending', 'unknown') THEN 0 ELSE 1 "
        "END, results FROM outbox "
        "WHERE subject_id = ? AND state <> 'delivered' ORDER BY delivery_id");
    query.bind(subject.value);
    while (query.step()) {
        Waiting& row = rows.emplace_back();
        row.id = query.integer(0);
        if (const auto message = query.optional_integer(1)) row.message = MessageId{*message};
        row.settled = query.flag(2);
        row.results = unpack_results(query.text(3));
    }
    return rows;
}

/// What of a result was not told: the messages that brought it, the reason of the newest.
struct Untold {
    std::set<MessageId> messages;
    Code reason = Code::none;
    std::optional<MessageId> message;
};

/// The record without the versions that no target heard of; nothing where none is left. Where the
/// result stood then is not kept: it is taken to stand where it does.
std::optional<ToldState> told_without(study::ResultRecord record, const Untold& untold) {
    std::erase_if(record.versions, [&](const study::StoredVersion& version) {
        return untold.messages.contains(version.id.message);
    });
    if (record.versions.empty()) return std::nullopt;
    record.current = study::current_of(record.versions);
    return told_state(record);
}

bool was_told(StoreWriter::Core& core, SubjectId subject, std::int64_t number,
              const std::set<std::int64_t>& taken_back) {
    auto query = core.db().prepare(
        "SELECT r.first_delivery, coalesce(p.delivered_upto, 0) FROM result r "
        "LEFT JOIN delivery_progress p ON p.subject_id = r.subject_id "
        "WHERE r.subject_id = ? AND r.number = ?");
    query.bind(subject.value, number);
    return query.step() && !query.is_null(0) && query.integer(0) <= query.integer(1) &&
           !taken_back.contains(query.integer(0));
}

void forget_first_delivery(StoreWriter::Core& core, SubjectId subject, std::int64_t number) {
    core.db()
        .prepare("UPDATE result SET first_delivery = NULL WHERE subject_id = ? AND number = ?")
        .bind(subject.value, number)
        .run();
}

void shorten(StoreWriter::Core& core, const Waiting& row) {
    if (row.results.empty()) {
        core.db().prepare("DELETE FROM outbox WHERE delivery_id = ?").bind(row.id).run();
        return;
    }
    const std::string left = pack_results(row.results);
    core.db()
        .prepare("UPDATE outbox SET results = ? WHERE delivery_id = ?")
        .bind(left, row.id)
        .run();
}

void open_item(StoreWriter::Core& core, const study::ResultRecord& record, const Untold& untold,
               bool told, Instant at) {
    const SubjectId subject = record.key.subject;
    if (withholding_item(core.db(), subject, record.number)) return;  // it says what was told
    PostLockRow item;
    item.subject = subject;
    item.number = record.number;
    if (told) item.told = told_without(record, untold);
    item.now = study::words_of(record);
    item.reason = untold.reason;
    item.message = untold.message;
    item.opened = at;
    item.changed = at;
    if (!told) forget_first_delivery(core, subject, record.number);
    insert_post_lock(core, item);
}

}  // namespace

void take_back_deliveries(StoreWriter::Core& core, SubjectId subject, const study::LockScope& scope,
                          Instant at) {
    ResultReader reader(core.db(), core.terms, core.specimens);
    std::map<std::int64_t, Untold> untold;
    std::set<std::int64_t> touched;
    for (Waiting& row : waiting_deliveries(core, subject)) {
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
            if (!row.settled)
                throw std::logic_error("a lock came before it was known what a delivery wrote");
            Untold& what = untold[listed.number];
            what.reason = listed.reason;
            what.message = row.message;
            if (row.message) what.messages.insert(*row.message);
            touched.insert(row.id);
        }
        if (left.size() == row.results.size()) continue;
        row.results = std::move(left);
        shorten(core, row);
    }
    for (const auto& [number, what] : untold) {
        const auto record = reader.record(subject, number);
        open_item(core, *record, what, was_told(core, subject, number, touched), at);
    }
}

}  // namespace labrelay::store
