#include "labrelay/store/sql_ack_outbox.hpp"

#include <fmt/format.h>

#include "writer_core.hpp"

namespace labrelay::store {

std::vector<WaitingAck> SqlAckOutbox::take(std::string_view source, Instant now,
                                           std::size_t limit) {
    std::vector<WaitingAck> acks;
    const WriteTransaction transaction(core_, Durability::relaxed);
    if (!core_.leads(fmt::format("acknowledgements of {}", source))) return acks;
    const auto id = core_.terms.find(core_.db(), source);
    if (!id) return acks;
    auto query = core_.db().prepare(
        "SELECT o.message_id, m.ack_id, m.ack, o.attempts, o.not_before_us FROM ack_outbox o "
        "JOIN message m USING (message_id) WHERE o.source_id = ? ORDER BY o.message_id LIMIT ?");
    query.bind(*id, static_cast<std::int64_t>(limit));
    while (query.step()) {
        if (query.integer(4) > now.microseconds) break;
        acks.push_back({MessageId{query.integer(0)}, query.string(1), std::string(query.blob(2)),
                        static_cast<std::int32_t>(query.integer(3))});
    }
    return acks;
}

void SqlAckOutbox::mark_delivered(MessageId message) {
    WriteTransaction transaction(core_, Durability::relaxed);
    core_.db().prepare("DELETE FROM ack_outbox WHERE message_id = ?").bind(message.value).run();
    transaction.commit();
}

void SqlAckOutbox::mark_retry(MessageId message, Instant not_before, std::string_view why) {
    WriteTransaction transaction(core_, Durability::relaxed);
    core_.db()
        .prepare(
            "UPDATE ack_outbox SET attempts = attempts + 1, not_before_us = ?, why = ? "
            "WHERE message_id = ?")
        .bind(not_before.microseconds, why, message.value)
        .run();
    transaction.commit();
}

std::int64_t SqlAckOutbox::waiting() {
    const WriteTransaction transaction(core_, Durability::relaxed);
    auto query = core_.db().prepare("SELECT count(*) FROM ack_outbox");
    query.step();
    return query.integer(0);
}

}  // namespace labrelay::store
