#include "labrelay/store/quarantine_query.hpp"

#include "message_reader.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

Evidence read_row(ReadSession::Core& core, const Query& row) {
    Evidence found;
    found.id = MessageId{row.integer(0)};
    found.why = static_cast<Code>(row.integer(1));
    found.received_at = Instant{row.integer(2)};
    found.port = static_cast<std::uint16_t>(row.integer(3));
    found.peer = core.term(row.integer(4));
    found.offset = static_cast<std::uint64_t>(row.optional_integer(5).value_or(0));
    found.size = row.integer(6);
    return found;
}

}  // namespace

std::vector<Evidence> evidence(ReadSession& session, std::size_t limit) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<Evidence> rows;
    auto query = core.database.prepare(
        "SELECT message_id, rule, received_us, port, peer_id, stream_offset, size FROM message "
        "WHERE state = 'quarantined' ORDER BY message_id DESC LIMIT ?");
    query.bind(static_cast<std::int64_t>(limit));
    while (query.step()) rows.push_back(read_row(core, query));
    return rows;
}

std::optional<EvidenceBytes> evidence_bytes(ReadSession& session, MessageId id) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    EvidenceBytes found;
    {
        auto query = core.database.prepare(
            "SELECT message_id, rule, received_us, port, peer_id, stream_offset, size FROM message "
            "WHERE state = 'quarantined' AND message_id = ?");
        query.bind(id.value);
        if (!query.step()) return std::nullopt;
        found.row = read_row(core, query);
    }
    found.bytes = read_raw(core.database, core.codec, id).value_or(std::string());
    return found;
}

}  // namespace labrelay::store
