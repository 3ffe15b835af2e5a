#include "labrelay/store/search_query.hpp"

#include <algorithm>

#include "labrelay/store/message_list.hpp"
#include "labrelay/store/message_query.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

constexpr std::size_t kMost = 20;

}  // namespace

std::vector<FoundMessage> search_messages(ReadSession& session, std::string_view text) {
    std::vector<MessageId> ids = find_messages(session, text);
    std::ranges::sort(ids, std::greater<>{});
    if (ids.size() > kMost) ids.resize(kMost);
    std::vector<FoundMessage> found;
    for (const MessageId id : ids) {
        const auto message = listed_message(session, id);
        if (!message) continue;
        found.push_back({id, message->source, message->control_id,
                         std::string(study::to_string(message->state)), message->received_at});
    }
    return found;
}

std::vector<FoundSpecimen> search_specimens(ReadSession& session, std::string_view text) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<FoundSpecimen> found;
    auto query = core.database.prepare(
        "SELECT s.source_id, s.specimen_no, s.order_no, o.subject_id, m.message_id, m.control_id, "
        "m.state, m.received_us FROM (SELECT specimen_id, source_id, specimen_no, order_no FROM "
        "specimen WHERE specimen_no = ?1 AND specimen_no <> '' UNION SELECT specimen_id, "
        "source_id, specimen_no, order_no FROM specimen WHERE order_no = ?1 AND order_no <> '') s "
        "JOIN observation o ON o.specimen_id = s.specimen_id JOIN message m ON m.message_id = "
        "o.message_id ORDER BY m.message_id DESC, o.ordinal LIMIT 200");
    query.bind(text);
    while (query.step() && found.size() < kMost) {
        const std::string& source = core.term(query.integer(0));
        const bool known = std::ranges::any_of(found, [&](const FoundSpecimen& other) {
            return other.source == source && other.specimen == query.text(1) &&
                   other.order == query.text(2);
        });
        if (known) continue;
        FoundSpecimen specimen;
        specimen.source = source;
        specimen.specimen = query.string(1);
        specimen.order = query.string(2);
        if (const auto subject = query.optional_integer(3)) specimen.subject = SubjectId{*subject};
        specimen.message = {MessageId{query.integer(4)}, source, query.string(5), query.string(6),
                            Instant{query.integer(7)}};
        found.push_back(std::move(specimen));
    }
    return found;
}

}  // namespace labrelay::store
