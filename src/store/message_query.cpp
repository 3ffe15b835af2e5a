#include "labrelay/store/message_query.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "message_reader.hpp"
#include "observation_writer.hpp"
#include "read_core.hpp"
#include "version_columns.hpp"

namespace labrelay::store {
namespace {

std::string hexadecimal(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes)
        fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned char>(byte));
    return text;
}

std::string config_hash(ReadSession::Core& core, std::optional<std::int64_t> id) {
    if (!id) return {};
    auto query = core.database.prepare("SELECT hash FROM configuration WHERE config_id = ?");
    query.bind(*id);
    return query.step() ? query.string(0) : std::string();
}

std::optional<MessageDetail> read_row(ReadSession::Core& core, MessageId id) {
    auto query = core.database.prepare(
        "SELECT source_id, control_id, type_id, version_id, message_time, state, rule, received, "
        "stored, held, ignored, duplicate_of, size, sha256, received_us, port, peer_id, "
        "certificate_id, ack_id, "
        "config_id, registry_version, stream_offset FROM message WHERE message_id = ?");
    query.bind(id.value);
    if (!query.step()) return std::nullopt;
    MessageDetail detail;
    detail.source = core.term(query.integer(0));
    detail.control_id = query.string(1);
    detail.message_type = core.term(query.integer(2));
    detail.version = core.term(query.integer(3));
    detail.message_time = query.string(4);
    const auto state = study::message_state_from(query.text(5));
    if (!state) throw pipeline::unreadable("a message's state cannot be read");
    detail.state = *state;
    detail.rule = static_cast<Code>(query.integer(6));
    detail.counts = {
        static_cast<std::int32_t>(query.integer(7)), static_cast<std::int32_t>(query.integer(8)),
        static_cast<std::int32_t>(query.integer(9)), static_cast<std::int32_t>(query.integer(10))};
    if (const auto original = query.optional_integer(11))
        detail.duplicate_of = MessageId{*original};
    detail.size = query.integer(12);
    detail.sha256 = hexadecimal(query.blob(13));
    detail.arrival.message_id = id;
    detail.arrival.received_at = Instant{query.integer(14)};
    detail.arrival.port = static_cast<std::uint16_t>(query.integer(15));
    detail.arrival.peer = core.term(query.integer(16));
    detail.arrival.certificate = core.term(query.integer(17));
    detail.arrival.ack_id = query.string(18);
    detail.arrival.offset = static_cast<std::uint64_t>(query.optional_integer(21).value_or(0));
    detail.arrival.batch = read_batch_place(core.database, id);
    detail.config_hash = config_hash(core, query.optional_integer(19));
    detail.registry_version = query.integer(20);
    return detail;
}

std::vector<MessageId> duplicates_of(ReadSession::Core& core, MessageId id) {
    std::vector<MessageId> duplicates;
    auto query = core.database.prepare(
        "SELECT message_id FROM message WHERE duplicate_of = ? ORDER BY message_id");
    query.bind(id.value);
    while (query.step()) duplicates.push_back(MessageId{query.integer(0)});
    return duplicates;
}

std::vector<MessageId> members_of(ReadSession::Core& core, MessageId batch) {
    std::vector<MessageId> members;
    auto query = core.database.prepare(
        "SELECT message_id FROM message WHERE batch_id = ? ORDER BY batch_offset");
    query.bind(batch.value);
    while (query.step()) members.push_back(MessageId{query.integer(0)});
    return members;
}

LineageRecord read_lineage(ReadSession::Core& core, MessageId id, std::string_view part,
                           RawFormat format, std::string_view packed) {
    if (packed.empty()) return {};
    const auto bytes = core.codec.unpack(id, part, format, packed);
    if (!bytes) throw pipeline::unreadable("raw-unreadable: a lineage does not fit its key");
    auto record = unpack_lineage(*bytes);
    if (!record) throw pipeline::unreadable("raw-unreadable: a lineage is broken");
    return std::move(*record);
}

void add_raw(ReadSession::Core& core, MessageDetail& detail) {
    const MessageId id = detail.arrival.message_id;
    detail.bytes = read_raw(core.database, core.codec, id);
    auto query =
        core.database.prepare("SELECT format, lineage FROM message_raw WHERE message_id = ?");
    query.bind(id.value);
    if (!query.step()) return;
    detail.raw_format = static_cast<RawFormat>(query.integer(0));
    detail.lineage = read_lineage(core, id, "lineage", detail.raw_format, query.blob(1));
}

std::vector<ProcessedAgain> read_again(ReadSession::Core& core, MessageId id) {
    std::vector<ProcessedAgain> times;
    auto query = core.database.prepare(
        "SELECT number, at_us, config_id, registry_version, moves, format, lineage "
        "FROM message_again WHERE message_id = ? ORDER BY number");
    query.bind(id.value);
    while (query.step()) {
        ProcessedAgain again;
        again.at = Instant{query.integer(1)};
        again.config_hash = config_hash(core, query.integer(2));
        again.registry_version = query.integer(3);
        again.moves = query.string(4);
        again.lineage = read_lineage(core, id, fmt::format("again {}", query.integer(0)),
                                     static_cast<RawFormat>(query.integer(5)), query.blob(6));
        times.push_back(std::move(again));
    }
    return times;
}

ObservationLine read_line(ReadSession::Core& core, MessageId message, const Query& row) {
    ObservationLine line;
    line.ordinal = static_cast<std::int32_t>(row.integer(0));
    line.disposition = disposition_from(row.text(1));
    line.rule = static_cast<Code>(row.integer(2));
    line.place.text = row.string(3);
    if (const auto offset = row.optional_integer(4))
        line.place.offset = static_cast<std::size_t>(*offset);
    line.config_hash = config_hash(core, row.integer(5));
    if (const auto subject = row.optional_integer(6)) line.subject = SubjectId{*subject};
    line.result = row.optional_integer(7);
    if (const auto specimen = row.optional_integer(8))
        line.specimen = core.specimens.identity(core.database, *specimen);
    line.code = core.term(row.integer(9));
    line.code_system = core.term(row.integer(10));
    line.code_text = core.term(row.integer(11));
    line.sub_id = row.string(12);
    line.device = core.term(row.integer(13));
    if (const auto repeat = row.optional_integer(14))
        line.repeat_of = {MessageId{*repeat}, static_cast<std::int32_t>(row.integer(15))};
    line.version = read_version(core.database, core.terms, row, 16);
    line.version.id = {message, line.ordinal};
    return line;
}

std::vector<ObservationLine> read_lines(ReadSession::Core& core, MessageId id) {
    static const std::string sql = fmt::format(
        "SELECT ordinal, disposition, rule, place, place_offset, config_id, subject_id, number, "
        "specimen_id, code_id, code_system_id, code_text_id, sub_id, device_id, repeat_message, "
        "repeat_ordinal, {} FROM observation WHERE message_id = ? ORDER BY ordinal",
        kVersionColumns);
    std::vector<ObservationLine> lines;
    auto query = core.database.prepare(sql.c_str());
    query.bind(id.value);
    while (query.step()) lines.push_back(read_line(core, id, query));
    return lines;
}

bool is_there(ReadSession::Core& core, MessageId id) {
    auto query = core.database.prepare("SELECT 1 FROM message WHERE message_id = ?");
    query.bind(id.value);
    return query.step();
}

// By source first: the key's order. The sources are few, so each is jumped to.
std::vector<MessageId> under_control_id(ReadSession::Core& core, std::string_view control_id) {
    std::vector<MessageId> found;
    auto query = core.database.prepare(
        "WITH RECURSIVE source(id) AS (SELECT min(source_id) FROM message_key UNION ALL "
        "SELECT (SELECT min(source_id) FROM message_key WHERE source_id > source.id) FROM source "
        "WHERE source.id IS NOT NULL) SELECT k.message_id FROM source JOIN message_key k ON "
        "k.source_id = source.id AND k.control_id = ? ORDER BY 1");
    query.bind(control_id);
    while (query.step()) found.push_back(MessageId{query.integer(0)});
    return found;
}

}  // namespace

std::vector<MessageId> find_messages(ReadSession& session, std::string_view id) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<MessageId> found = under_control_id(core, id);
    if (const auto message_id = parse_message_id(id); message_id && is_there(core, *message_id))
        found.push_back(*message_id);
    std::ranges::sort(found);
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

std::optional<MessageDetail> message(ReadSession& session, MessageId id) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    auto detail = read_row(core, id);
    if (!detail) return std::nullopt;
    detail->duplicates = duplicates_of(core, id);
    if (detail->state == study::MessageState::batch) detail->members = members_of(core, id);
    if (auto answer = read_answer(core.database, id)) detail->answer = std::move(*answer);
    add_raw(core, *detail);
    detail->observations = read_lines(core, id);
    detail->again = read_again(core, id);
    return detail;
}

}  // namespace labrelay::store
