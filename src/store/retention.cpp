#include "labrelay/store/retention.hpp"

#include <fmt/format.h>

#include <vector>

#include "awaiting_keys.hpp"
#include "message_reader.hpp"
#include "writer_core.hpp"

namespace labrelay::store {
namespace {

struct Expired {
    std::int64_t message = 0;
    std::vector<std::int64_t> keys;
};

std::vector<Expired> expired(Connection& database, Instant now, std::size_t limit) {
    std::vector<Expired> messages;
    auto query = database.prepare(
        "SELECT message_id, awaiting FROM message "
        "WHERE purge_after_us <= ? ORDER BY purge_after_us LIMIT ?");
    query.bind(now.microseconds, static_cast<std::int64_t>(limit));
    while (query.step()) messages.push_back({query.integer(0), unpack_keys(query.blob(1))});
    return messages;
}

/// A member's bytes stand in its batch: there they become blanks.
void blank_in_batch(StoreWriter::Core& core, MessageId member) {
    const auto place = read_batch_place(core.db(), member);
    if (!place) return;
    const auto whole = read_raw(core.db(), core.codec, place->message_id);
    if (!whole) return;
    std::int64_t size = 0;
    {
        auto query = core.db().prepare("SELECT size FROM message WHERE message_id = ?");
        query.bind(member.value);
        if (query.step()) size = query.integer(0);
    }
    std::string kept = *whole;
    blank_out(kept, static_cast<std::int64_t>(place->offset), size);
    const std::string packed = core.codec.pack(place->message_id, "raw", kept);
    core.db()
        .prepare(
            "UPDATE message_raw SET format = ?, key_id = ?, bytes = ?, blanked = 1 "
            "WHERE message_id = ?")
        .bind(static_cast<int>(core.codec.format()), RawCodec::kKeyId, Blob{packed},
              place->message_id.value)
        .run();
}

/// Asked of the row itself: since the list was read, another node may have stored the message or
/// queued it for a patient who was registered.
bool still_expired(Connection& database, const Expired& expired, Instant now) {
    auto update = database.prepare(
        "UPDATE message SET purge_after_us = NULL "
        "WHERE message_id = ? AND purge_after_us <= ? RETURNING message_id");
    update.bind(expired.message, now.microseconds);
    const bool still = update.step();
    while (still && update.step()) {
    }
    return still;
}

void put_off(Connection& database, const Expired& expired, Instant now) {
    constexpr std::int64_t kDayUs = std::int64_t{86'400} * 1'000'000;
    database.prepare("UPDATE message SET purge_after_us = ? WHERE message_id = ?")
        .bind(now.microseconds + kDayUs, expired.message)
        .run();
}

bool purge(StoreWriter::Core& core, const Expired& expired, Instant now) {
    if (!still_expired(core.db(), expired, now)) return false;
    try {
        blank_in_batch(core, MessageId{expired.message});
    } catch (const pipeline::StoreFault& fault) {
        // Its batch says nothing: tried again tomorrow, and the others go.
        if (fault.kind() != pipeline::StoreFault::Kind::unreadable) throw;
        put_off(core.db(), expired, now);
        return false;
    }
    core.db()
        .prepare(
            "UPDATE message_raw SET format = -1, key_id = 0, bytes = NULL, lineage = NULL "
            "WHERE message_id = ?")
        .bind(expired.message)
        .run();
    core.db().prepare("DELETE FROM message_again WHERE message_id = ?").bind(expired.message).run();
    core.db()
        .prepare("UPDATE message SET awaiting = NULL WHERE message_id = ?")
        .bind(expired.message)
        .run();
    auto remove = core.db().prepare("DELETE FROM awaiting WHERE key_hash = ? AND message_id = ?");
    for (const std::int64_t key : expired.keys) remove.bind(key, expired.message).run();
    return true;
}

std::size_t purge_some(StoreWriter::Core& core, Instant now, std::size_t limit) {
    WriteTransaction transaction(core);
    if (!core.leads("house")) return 0;
    const std::vector<Expired> messages = expired(core.db(), now, limit);
    if (messages.empty()) return 0;
    std::string ids;
    std::size_t purged = 0;
    for (const Expired& message : messages) {
        if (!purge(core, message, now)) continue;
        ++purged;
        fmt::format_to(std::back_inserter(ids), "{}{}", ids.empty() ? "" : " ",
                       to_base32(MessageId{message.message}));
    }
    if (purged == 0) {
        transaction.commit();
        return 0;
    }
    const std::string what = fmt::format("{} messages", purged);
    core.audit->append(core.db(), {core.clock.now(), "purge", "retention", what, ids});
    transaction.commit();
    return purged;
}

}  // namespace

std::size_t purge_ignored(StoreWriter& writer, Instant now, std::size_t limit) {
    std::size_t purged = 0;
    while (const std::size_t some = purge_some(writer.core(), now, limit)) purged += some;
    return purged;
}

}  // namespace labrelay::store
