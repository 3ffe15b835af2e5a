#include "message_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "awaiting_keys.hpp"
#include "labrelay/crypto/digest.hpp"
#include "labrelay/crypto/keyed_hash.hpp"
#include "labrelay/store/lineage_record.hpp"
#include "message_reader.hpp"
#include "observation_writer.hpp"

namespace labrelay::store {
namespace {

using pipeline::Arrival;
using pipeline::CommitItem;
using study::Outcome;
using study::Proposal;

constexpr std::int64_t kDayUs = 86'400'000'000;

std::string_view view(const std::array<std::uint8_t, 32>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<std::int64_t> awaited_keys(StoreWriter::Core& core, const Outcome& outcome) {
    std::vector<std::int64_t> keys;
    keys.reserve(outcome.awaiting.size());
    for (const std::string& text : outcome.awaiting)
        keys.push_back(crypto::keyed_hash_63(core.names_key, text));
    std::ranges::sort(keys);
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    return keys;
}

void insert_awaiting(StoreWriter::Core& core, MessageId message,
                     const std::vector<std::int64_t>& keys) {
    auto insert = core.db().prepare(
        "INSERT INTO awaiting(key_hash, message_id) VALUES (?, ?) ON CONFLICT DO NOTHING");
    for (const std::int64_t key : keys) insert.bind(key, message.value).run();
}

void insert_key(StoreWriter::Core& core, const Proposal& proposal, MessageId message) {
    if (proposal.control_id.empty()) return;
    core.db()
        .prepare(
            "INSERT INTO message_key(source_id, control_id, message_id) "
            "VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        .bind(core.term(proposal.source), proposal.control_id, message.value)
        .run();
}

/// The batch's bytes with blanks where a member must not be kept. Whether there are any is the
/// second.
std::pair<std::string, bool> without_purged_members(StoreWriter::Core& core, MessageId batch,
                                                    std::string_view bytes) {
    std::pair<std::string, bool> kept{bytes, false};
    auto query = core.db().prepare(
        "SELECT m.batch_offset, m.size FROM message m JOIN message_raw r USING (message_id) "
        "WHERE m.batch_id = ? AND r.format = -1");
    query.bind(batch.value);
    while (query.step()) {
        blank_out(kept.first, query.integer(0), query.integer(1));
        kept.second = true;
    }
    return kept;
}

void insert_raw_of_batch(StoreWriter::Core& core, MessageId message, std::string_view bytes) {
    const auto [kept, blanked] = without_purged_members(core, message, bytes);
    const std::string packed = core.codec.pack(message, "raw", kept);
    core.db()
        .prepare(
            "INSERT INTO message_raw(message_id, format, key_id, bytes, lineage, blanked) "
            "VALUES (?, ?, ?, ?, ?, ?)")
        .bind(message.value, static_cast<int>(core.codec.format()), RawCodec::kKeyId, Blob{packed},
              Blob{std::string_view()}, blanked ? 1 : 0)
        .run();
}

/// A member's bytes stand in its batch.
void insert_raw_of_member(StoreWriter::Core& core, MessageId message, std::string_view lineage) {
    const std::string packed_lineage = core.codec.pack(message, "lineage", lineage);
    core.db()
        .prepare(
            "INSERT INTO message_raw(message_id, format, key_id, lineage) "
            "VALUES (?, ?, ?, ?)")
        .bind(message.value, static_cast<int>(core.codec.format()), RawCodec::kKeyId,
              Blob{packed_lineage})
        .run();
}

void insert_raw(StoreWriter::Core& core, MessageId message, std::string_view bytes,
                std::string_view lineage) {
    const std::string packed = core.codec.pack(message, "raw", bytes);
    const std::string packed_lineage =
        lineage.empty() ? std::string() : core.codec.pack(message, "lineage", lineage);
    core.db()
        .prepare(
            "INSERT INTO message_raw(message_id, format, key_id, bytes, lineage) "
            "VALUES (?, ?, ?, ?, ?)")
        .bind(message.value, static_cast<int>(core.codec.format()), RawCodec::kKeyId, Blob{packed},
              Blob{packed_lineage})
        .run();
}

// The sender asked for what is known of its patients in no trial to be digest and counts only.
void insert_purged(StoreWriter::Core& core, MessageId message) {
    core.db()
        .prepare("INSERT INTO message_raw(message_id, format, key_id) VALUES (?, ?, 0)")
        .bind(message.value, static_cast<int>(RawFormat::purged))
        .run();
}

std::string_view ack_word(const pipeline::Answer& answer) {
    return answer.silent ? std::string_view("none") : hl7::to_string(answer.code);
}

Code rule_of(const Outcome& outcome) {
    if (outcome.state != study::MessageState::refused) return Code::none;
    const auto found = std::ranges::find_if(outcome.findings, [](const Finding& finding) {
        return finding.severity == Severity::refuse;
    });
    return found == outcome.findings.end() ? Code::none : found->code;
}

std::optional<std::int64_t> purge_time(const CommitItem& item) {
    if (!of_nobody_registered(item.outcome)) return std::nullopt;
    return item.arrival.received_at.microseconds +
           std::int64_t{item.proposal.ignored_retention_days} * kDayUs;
}

void insert_message_row(StoreWriter::Core& core, const CommitItem& item, std::string_view keys) {
    static const std::string sql =
        "INSERT INTO message(message_id, state, source_id, control_id, type_id, version_id, "
        "message_time, received_us, port, peer_id, certificate_id, ack_id, size, sha256, sameness, "
        "duplicate_of, "
        "received, stored, held, ignored, rule, ack_code, ack, accept_ack, ack_apart, config_id, "
        "registry_version, awaiting, purge_after_us, batch_id, batch_offset, batch_hold, "
        "batch_marked) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "?, "
        "?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    const Arrival& arrival = item.arrival;
    const Proposal& proposal = item.proposal;
    const Outcome& outcome = item.outcome;
    const auto digest = crypto::sha256(item.bytes);
    const std::int64_t source = core.term(proposal.source);
    const std::int64_t type = core.term(proposal.message_type);
    const std::int64_t version = core.term(proposal.version);
    const std::int64_t peer = core.term(arrival.peer);
    const std::int64_t certificate = core.term(arrival.certificate);
    const std::int64_t configuration = core.configuration(proposal.config_hash);
    std::optional<std::int64_t> original;
    if (outcome.duplicate_of) original = outcome.duplicate_of->value;
    auto insert = core.db().prepare(sql.c_str());
    insert.bind(arrival.message_id.value, study::to_string(outcome.state), source,
                proposal.control_id, type, version, proposal.message_time,
                arrival.received_at.microseconds, int{arrival.port}, peer, certificate,
                arrival.ack_id, static_cast<std::int64_t>(item.bytes.size()), Blob{view(digest)},
                Blob{view(proposal.sameness)}, original);
    insert.bind(outcome.counts.received, outcome.counts.stored, outcome.counts.held,
                outcome.counts.ignored, static_cast<int>(rule_of(outcome)), ack_word(item.answer),
                Blob{item.answer.bytes}, Blob{item.answer.accept}, item.answer.apart ? 1 : 0,
                configuration, proposal.registry_version);
    if (keys.empty()) {
        insert.bind(std::nullopt);
    } else {
        insert.bind(Blob{keys});
    }
    insert.bind(purge_time(item));
    if (const auto& batch = arrival.batch) {
        insert.bind(batch->message_id.value, static_cast<std::int64_t>(batch->offset),
                    static_cast<int>(batch->hold), batch->marked ? 1 : 0);
    } else {
        insert.bind(std::nullopt, std::nullopt, std::nullopt, std::nullopt);
    }
    insert.run();
}

// What stood in the store before a message was processed again.
struct Before {
    std::vector<std::int64_t> keys;
    bool purged = false;
};

Before read_before(StoreWriter::Core& core, MessageId message) {
    auto query = core.db().prepare(
        "SELECT m.awaiting, r.format FROM message m LEFT JOIN message_raw r USING (message_id) "
        "WHERE m.message_id = ?");
    query.bind(message.value);
    if (!query.step()) throw pipeline::StoreFault("the message is not in the store", true);
    return {unpack_keys(query.blob(0)), query.is_null(1) || query.integer(1) < 0};
}

void insert_again(StoreWriter::Core& core, const CommitItem& item, std::string_view moves) {
    const MessageId message = item.arrival.message_id;
    std::int64_t number = 1;
    {
        auto query = core.db().prepare(
            "SELECT coalesce(max(number), 0) + 1 FROM message_again WHERE message_id = ?");
        query.bind(message.value);
        if (query.step()) number = query.integer(0);
    }
    const std::string lineage = core.codec.pack(message, fmt::format("again {}", number),
                                                pack_lineage(item.proposal, item.outcome));
    const std::int64_t configuration = core.configuration(item.proposal.config_hash);
    core.db()
        .prepare(
            "INSERT INTO message_again(message_id, number, at_us, config_id, "
            "registry_version, moves, format, key_id, lineage) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(message.value, number, core.clock.now().microseconds, configuration,
              item.proposal.registry_version, moves, static_cast<int>(core.codec.format()),
              RawCodec::kKeyId, Blob{lineage})
        .run();
}

void update_message_row(StoreWriter::Core& core, const CommitItem& item, std::string_view keys) {
    static const std::string sql =
        "UPDATE message SET state = ?, source_id = ?, control_id = ?, type_id = ?, "
        "version_id = ?, message_time = ?, sameness = ?, received = ?, stored = ?, held = ?, "
        "ignored = ?, rule = ?, config_id = ?, registry_version = ?, awaiting = ?, "
        "purge_after_us = ? WHERE message_id = ?";
    const Proposal& proposal = item.proposal;
    const Outcome& outcome = item.outcome;
    const std::int64_t source = core.term(proposal.source);
    const std::int64_t type = core.term(proposal.message_type);
    const std::int64_t version = core.term(proposal.version);
    const std::int64_t configuration = core.configuration(proposal.config_hash);
    auto update = core.db().prepare(sql.c_str());
    update.bind(study::to_string(outcome.state), source, proposal.control_id, type, version,
                proposal.message_time, Blob{view(proposal.sameness)}, outcome.counts.received,
                outcome.counts.stored, outcome.counts.held, outcome.counts.ignored,
                static_cast<int>(rule_of(outcome)), configuration, proposal.registry_version);
    if (keys.empty()) {
        update.bind(std::nullopt);
    } else {
        update.bind(Blob{keys});
    }
    update.bind(purge_time(item), item.arrival.message_id.value).run();
}

// A duplicate brings its original's acknowledgement on its way again.
void insert_ack_outbox(StoreWriter::Core& core, const CommitItem& item) {
    if (!item.answer.apart) return;
    const MessageId message = item.outcome.duplicate_of.value_or(item.arrival.message_id);
    const std::int64_t source = core.term(item.proposal.source);
    core.db()
        .prepare(
            "INSERT INTO ack_outbox(message_id, source_id) VALUES (?, ?) "
            "ON CONFLICT DO NOTHING")
        .bind(message.value, source)
        .run();
}

void write_sequence(StoreWriter::Core& core, const CommitItem& item) {
    if (!item.outcome.last_sequence) return;
    const std::int64_t source = core.term(item.proposal.source);
    core.db()
        .prepare(
            "INSERT INTO source_sequence(source_id, last) VALUES (?, ?) "
            "ON CONFLICT(source_id) DO UPDATE SET last = excluded.last")
        .bind(source, *item.outcome.last_sequence)
        .run();
}

}  // namespace

void insert_message(StoreWriter::Core& core, const CommitItem& item) {
    const MessageId message = item.arrival.message_id;
    const bool duplicate = item.outcome.state == study::MessageState::duplicate;
    const auto purge = purge_time(item);
    const bool digest_only = purge && item.proposal.ignored_retention_days == 0;
    const auto keys = digest_only ? std::vector<std::int64_t>{} : awaited_keys(core, item.outcome);
    insert_message_row(core, item, pack_keys(keys));
    if (item.outcome.state == study::MessageState::batch) {
        if (item.keep_bytes) insert_raw_of_batch(core, message, item.bytes);
        return;
    }
    insert_ack_outbox(core, item);
    write_sequence(core, item);
    // A duplicate is a note: its original has the key, the bytes and the observations.
    if (duplicate) return;
    insert_key(core, item.proposal, message);
    if (digest_only) {
        insert_purged(core, message);
    } else if (item.arrival.batch) {
        insert_raw_of_member(core, message, pack_lineage(item.proposal, item.outcome));
    } else {
        insert_raw(core, message, item.bytes, pack_lineage(item.proposal, item.outcome));
    }
    insert_observations(core, item);
    insert_awaiting(core, message, keys);
}

void insert_quarantined(StoreWriter::Core& core, std::string_view bytes, const Arrival& arrival,
                        Code why) {
    const auto digest = crypto::sha256(bytes);
    const std::array<std::uint8_t, 32> no_sameness{};
    const std::int64_t peer = core.term(arrival.peer);
    const std::int64_t certificate = core.term(arrival.certificate);
    core.db()
        .prepare(
            "INSERT INTO message(message_id, state, source_id, control_id, type_id, "
            "version_id, message_time, received_us, port, peer_id, certificate_id, ack_id, size, "
            "sha256, sameness, received, stored, held, ignored, rule, ack_code, registry_version, "
            "stream_offset) VALUES (?, 'quarantined', 1, '', 1, 1, '', ?, ?, ?, ?, ?, ?, ?, ?, 0, "
            "0, 0, 0, ?, 'none', 0, ?)")
        .bind(arrival.message_id.value, arrival.received_at.microseconds, int{arrival.port}, peer,
              certificate, arrival.ack_id, static_cast<std::int64_t>(bytes.size()),
              Blob{view(digest)}, Blob{view(no_sameness)}, static_cast<int>(why),
              static_cast<std::int64_t>(arrival.offset))
        .run();
    insert_raw(core, arrival.message_id, bytes, {});
}

void update_message(StoreWriter::Core& core, const CommitItem& item) {
    const MessageId message = item.arrival.message_id;
    const Before before = read_before(core, message);
    const auto keys =
        before.purged ? std::vector<std::int64_t>{} : awaited_keys(core, item.outcome);
    const std::string moves = update_observations(core, item);
    update_message_row(core, item, pack_keys(keys));
    insert_key(core, item.proposal, message);
    insert_again(core, item, moves);
    auto remove = core.db().prepare("DELETE FROM awaiting WHERE key_hash = ? AND message_id = ?");
    for (const std::int64_t key : before.keys) remove.bind(key, message.value).run();
    insert_awaiting(core, message, keys);
}

std::string audited_text(const CommitItem& item) {
    const study::Counts& counts = item.outcome.counts;
    std::string text = fmt::format("{}:{}:{}:{}:{}:{}:", item.arrival.message_id.value,
                                   study::to_string(item.outcome.state), counts.received,
                                   counts.stored, counts.held, counts.ignored);
    for (const study::DecidedObservation& decided : item.outcome.observations)
        text += disposition_letter(decided.disposition);
    text += ':';
    text += view(crypto::sha256(item.bytes));
    return text;
}

}  // namespace labrelay::store
