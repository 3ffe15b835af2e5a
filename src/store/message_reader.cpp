#include "message_reader.hpp"

#include <algorithm>
#include <map>

#include "labrelay/crypto/digest.hpp"
#include "observation_writer.hpp"
#include "overlay_tables.hpp"

namespace labrelay::store {
namespace {

void copy_digest(std::string_view from, std::array<std::uint8_t, 32>& into) {
    std::copy_n(from.begin(), std::min(from.size(), into.size()), into.begin());
}

// A message whose bytes are gone cannot be processed again: sent once more it is no duplicate, or
// the result of a patient who was enrolled meanwhile would be lost with a positive answer.
std::optional<study::PriorMessage> prior_message(const Query& row) {
    if (row.optional_integer(3) == static_cast<std::int64_t>(RawFormat::purged))
        return std::nullopt;
    study::PriorMessage message;
    message.id = MessageId{row.integer(0)};
    copy_digest(row.blob(1), message.sameness);
    const auto state = study::message_state_from(row.text(2));
    if (!state) throw pipeline::unreadable("a message's state cannot be read");
    message.state = *state;
    return message;
}

}  // namespace

std::vector<study::PriorMessage> read_prior_messages(
    Connection& database, Terms& terms, const std::pair<std::string, std::string>& key) {
    std::vector<study::PriorMessage> messages;
    const auto source = terms.find(database, key.first);
    if (!source) return messages;
    auto query = database.prepare(
        "SELECT m.message_id, m.sameness, m.state, "
        "(SELECT r.format FROM message_raw r WHERE r.message_id = m.message_id) "
        "FROM message_key k JOIN message m USING (message_id) WHERE k.source_id = ? AND "
        "k.control_id = ? ORDER BY k.message_id");
    query.bind(*source, key.second);
    while (query.step())
        if (auto message = prior_message(query)) messages.push_back(*message);
    return messages;
}

void load_prior_messages(Connection& database, Terms& terms,
                         std::span<const study::Proposal* const> proposals,
                         study::StateView& state) {
    constexpr char kSeparator = '\x1f';
    std::map<std::pair<std::int64_t, std::string>, std::pair<std::string, std::string>> asked;
    std::string sources;
    std::string control_ids;
    for (const study::Proposal* proposal : proposals) {
        const auto key = std::pair(proposal->source, proposal->control_id);
        // A control id that would cut the list is asked for by itself, later.
        if (key.second.empty() || key.second.find(kSeparator) != std::string::npos ||
            key.second.find('\0') != std::string::npos || state.messages.contains(key))
            continue;
        const auto source = terms.find(database, key.first);
        state.messages.emplace(key, std::vector<study::PriorMessage>{});
        if (!source || !asked.emplace(std::pair(*source, key.second), key).second) continue;
        if (!sources.empty()) {
            sources += kSeparator;
            control_ids += kSeparator;
        }
        sources += std::to_string(*source);
        control_ids += key.second;
    }
    if (asked.empty()) return;
    auto query = database.prepare(
        "SELECT m.message_id, m.sameness, m.state, "
        "(SELECT r.format FROM message_raw r WHERE r.message_id = m.message_id), "
        "k.source_id, k.control_id FROM "
        "unnest(CAST(string_to_array(?, chr(31)) AS BIGINT[]), string_to_array(?, chr(31))) AS "
        "asked(source_id, control_id) JOIN message_key k ON k.source_id = asked.source_id AND "
        "k.control_id = asked.control_id JOIN message m ON m.message_id = k.message_id "
        "ORDER BY k.message_id");
    query.bind(sources, control_ids);
    while (query.step()) {
        const auto found = asked.find({query.integer(4), query.string(5)});
        if (found == asked.end()) continue;
        if (auto message = prior_message(query))
            state.messages.at(found->second).push_back(*message);
    }
}

bool has_bytes(Connection& database, MessageId message, std::string_view bytes) {
    auto query = database.prepare("SELECT sha256 FROM message WHERE message_id = ?");
    query.bind(message.value);
    if (!query.step()) return false;
    std::array<std::uint8_t, 32> kept{};
    copy_digest(query.blob(0), kept);
    return kept == crypto::sha256(bytes);
}

std::optional<pipeline::Answer> read_answer(Connection& database, MessageId message) {
    auto query = database.prepare(
        "SELECT ack_code, ack, accept_ack, ack_apart FROM message WHERE message_id = ?");
    query.bind(message.value);
    if (!query.step()) return std::nullopt;
    pipeline::Answer answer;
    if (const auto code = hl7::ack_code_from(query.text(0))) {
        answer.code = *code;
    } else {
        answer.silent = true;
    }
    answer.bytes = std::string(query.blob(1));
    answer.accept = std::string(query.blob(2));
    answer.apart = query.integer(3) != 0;
    return answer;
}

namespace {

std::optional<std::int64_t> read_sequence(Connection& database, Terms& terms,
                                          std::string_view source) {
    const auto id = terms.find(database, source);
    if (!id) return std::nullopt;
    auto query = database.prepare("SELECT last FROM source_sequence WHERE source_id = ?");
    query.bind(*id);
    if (!query.step()) return std::nullopt;
    return query.integer(0);
}

}  // namespace

void load_sequence(Connection& database, Terms& terms, const study::Proposal& proposal,
                   study::StateView& state) {
    if (!proposal.sequence || state.sequences.contains(proposal.source)) return;
    state.sequences.emplace(proposal.source,
                            read_sequence(database, terms, proposal.source).value_or(-1));
}

void blank_out(std::string& bytes, std::int64_t offset, std::int64_t size) {
    const auto begin = std::min(static_cast<std::size_t>(offset), bytes.size());
    const auto end = std::min(begin + static_cast<std::size_t>(size), bytes.size());
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
              bytes.begin() + static_cast<std::ptrdiff_t>(end), ' ');
}

std::optional<std::string> read_raw(Connection& database, const RawCodec& codec,
                                    MessageId message) {
    std::optional<std::string> bytes;
    std::array<std::uint8_t, 32> kept{};
    bool blanked = false;
    std::optional<std::int64_t> batch;
    std::size_t offset = 0;
    std::size_t size = 0;
    {
        auto query = database.prepare(
            "SELECT r.format, r.bytes, m.sha256, m.batch_id, m.batch_offset, m.size, r.blanked "
            "FROM message_raw r JOIN message m USING (message_id) WHERE r.message_id = ?");
        query.bind(message.value);
        if (!query.step()) return std::nullopt;
        const auto format = static_cast<RawFormat>(query.integer(0));
        if (format == RawFormat::purged) return std::nullopt;
        copy_digest(query.blob(2), kept);
        batch = query.optional_integer(3);
        blanked = query.integer(6) != 0;
        if (batch) {
            offset = static_cast<std::size_t>(query.integer(4));
            size = static_cast<std::size_t>(query.integer(5));
        } else {
            bytes = codec.unpack(message, "raw", format, query.blob(1));
        }
    }
    if (batch) {
        const auto whole = read_raw(database, codec, MessageId{*batch});
        if (whole && offset <= whole->size()) bytes = whole->substr(offset, size);
    }
    if (!bytes) throw pipeline::unreadable("raw-unreadable: bytes do not fit their key");
    // A batch whose purged members were blanked out is no longer what came; its members still are.
    if (!blanked && crypto::sha256(*bytes) != kept)
        throw pipeline::unreadable("raw-unreadable: bytes do not fit their digest");
    return bytes;
}

std::optional<pipeline::BatchPlace> read_batch_place(Connection& database, MessageId message) {
    auto query = database.prepare(
        "SELECT batch_id, batch_offset, batch_hold, batch_marked FROM message WHERE message_id = ? "
        "AND batch_id IS NOT NULL");
    query.bind(message.value);
    if (!query.step()) return std::nullopt;
    return pipeline::BatchPlace{MessageId{query.integer(0)},
                                static_cast<std::uint64_t>(query.integer(1)),
                                static_cast<Code>(query.integer(2)), query.integer(3) != 0};
}

std::optional<pipeline::StoredMessage> read_stored_message(Connection& database, Terms& terms,
                                                           const RawCodec& codec,
                                                           MessageId message) {
    auto bytes = read_raw(database, codec, message);
    if (!bytes) return std::nullopt;
    pipeline::StoredMessage stored;
    stored.bytes = std::move(*bytes);
    {
        auto query = database.prepare(
            "SELECT received_us, port, peer_id, certificate_id, ack_id FROM message WHERE "
            "message_id = ?");
        query.bind(message.value);
        query.step();
        stored.arrival.message_id = message;
        stored.arrival.received_at = Instant{query.integer(0)};
        stored.arrival.port = static_cast<std::uint16_t>(query.integer(1));
        stored.arrival.peer = terms.text(database, query.integer(2));
        stored.arrival.certificate = terms.text(database, query.integer(3));
        stored.arrival.ack_id = query.string(4);
        stored.arrival.batch = read_batch_place(database, message);
    }
    auto query = database.prepare(
        "SELECT ordinal, disposition, subject_id, number FROM observation WHERE message_id = ? "
        "ORDER BY ordinal");
    query.bind(message.value);
    while (query.step()) {
        study::PriorObservation& prior = stored.observations.emplace_back();
        prior.ordinal = static_cast<std::int32_t>(query.integer(0));
        prior.disposition = disposition_from(query.text(1));
        if (!query.is_null(3)) prior.subject = SubjectId{query.integer(2)};
    }
    stored.overlays = read_overlays(database, message);
    return stored;
}

}  // namespace labrelay::store
