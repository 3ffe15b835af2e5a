#include "labrelay/store/message_list.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <set>

#include "labrelay/pipeline/commit_store.hpp"
#include "read_core.hpp"
#include "result_reader.hpp"

namespace labrelay::store {
namespace {

// One statement for each pair of what is asked, so that each has an index that fits and the others
// are out of the planner's way. The partial index on the state is found by its own words.
#define LABRELAY_LIST(where)                                                                 \
    "SELECT message_id, source_id, control_id, state, received_us, received, stored, held, " \
    "ignored, rule, duplicate_of FROM message WHERE " where                                  \
    "received_us >= ?1 AND received_us < ?2 AND (received_us, message_id) < (?3, ?4) "       \
    "ORDER BY received_us DESC, message_id DESC LIMIT ?5"
constexpr const char* kAll = LABRELAY_LIST("");
constexpr const char* kBySource = LABRELAY_LIST("source_id = ?6 AND ");
constexpr const char* kByState = LABRELAY_LIST("state <> 'processed' AND state = ?6 AND ");
constexpr const char* kByStateAndSource =
    LABRELAY_LIST("state <> 'processed' AND state = ?6 AND source_id = ?7 AND ");
constexpr const char* kProcessed = LABRELAY_LIST("state = 'processed' AND ");
constexpr const char* kProcessedOfSource =
    LABRELAY_LIST("state = 'processed' AND source_id = ?6 AND ");
#undef LABRELAY_LIST

LedgerMessage read_message(ReadSession::Core& core, const Query& row) {
    LedgerMessage message;
    message.id = MessageId{row.integer(0)};
    message.source = core.term(row.integer(1));
    message.control_id = row.string(2);
    const auto state = study::message_state_from(row.text(3));
    if (!state) throw pipeline::unreadable("a message's state cannot be read");
    message.state = *state;
    message.received_at = Instant{row.integer(4)};
    message.counts = {
        static_cast<std::int32_t>(row.integer(5)), static_cast<std::int32_t>(row.integer(6)),
        static_cast<std::int32_t>(row.integer(7)), static_cast<std::int32_t>(row.integer(8))};
    message.rule = static_cast<Code>(row.integer(9));
    if (const auto original = row.optional_integer(10)) message.duplicate_of = MessageId{*original};
    return message;
}

/// The terms of analytes whose lines do not count for whoever asks.
std::set<std::int64_t> terms_of(ReadSession::Core& core, const std::vector<std::string>& analytes) {
    std::set<std::int64_t> terms;
    for (const std::string& analyte : analytes)
        if (const auto term = core.terms.find(core.database, analyte)) terms.insert(*term);
    return terms;
}

struct CountedLine {
    std::string code;
    bool held = false;
};

std::vector<CountedLine> counted_lines(ReadSession::Core& core, std::int64_t message,
                                       const std::set<std::int64_t>& without) {
    std::vector<CountedLine> lines;
    auto query = core.database.prepare(
        "SELECT code_id, analyte_id, disposition FROM observation WHERE message_id = ?");
    query.bind(message);
    while (query.step())
        if (!without.contains(query.integer(1)))
            lines.push_back({core.term(query.integer(0)), query.text(2) == "H"});
    return lines;
}

}  // namespace

std::vector<LedgerMessage> message_list(ReadSession& session, const MessageListFilter& filter) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<LedgerMessage> messages;
    std::optional<std::int64_t> source;
    if (filter.source) {
        source = core.terms.find(core.database, *filter.source);
        if (!source) return messages;
    }
    constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();
    const bool processed = filter.state == study::MessageState::processed;
    const bool other_state = filter.state && !processed;
    const char* sql = kAll;
    if (source) sql = kBySource;
    if (processed) sql = source ? kProcessedOfSource : kProcessed;
    if (other_state) sql = source ? kByStateAndSource : kByState;
    const MessageCursor after = filter.after.value_or(MessageCursor{kEnd, kEnd});
    const std::string_view state =
        filter.state ? study::to_string(*filter.state) : std::string_view();
    auto query = core.database.prepare(sql);
    query.bind(filter.from ? filter.from->microseconds : 0,
               filter.until ? filter.until->microseconds : kEnd, after.received_us,
               after.message_id, static_cast<std::int64_t>(filter.limit));
    if (other_state) query.bind(state);
    if (source) query.bind(*source);
    while (query.step()) messages.push_back(read_message(core, query));
    return messages;
}

std::optional<LedgerMessage> listed_message(ReadSession& session, MessageId id) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    auto query = core.database.prepare(
        "SELECT message_id, source_id, control_id, state, received_us, received, stored, held, "
        "ignored, rule, duplicate_of FROM message WHERE message_id = ?");
    query.bind(id.value);
    if (!query.step()) return std::nullopt;
    return read_message(core, query);
}

std::map<MessageId, std::vector<SubjectId>> subjects_of(ReadSession& session,
                                                        const std::vector<MessageId>& messages) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::map<MessageId, std::vector<SubjectId>> subjects;
    for (const MessageId message : messages) {
        std::vector<SubjectId>& of_one = subjects[message];
        auto query = core.database.prepare(
            "SELECT DISTINCT subject_id FROM observation WHERE message_id = ? AND subject_id IS "
            "NOT NULL");
        query.bind(message.value);
        while (query.step()) of_one.push_back(SubjectId{query.integer(0)});
    }
    return subjects;
}

std::map<MessageId, std::vector<AnalyteCount>> analyte_counts(
    ReadSession& session, const std::vector<MessageId>& messages) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::map<MessageId, std::vector<AnalyteCount>> counts;
    for (const MessageId message : messages) {
        std::vector<AnalyteCount>& of_one = counts[message];
        auto query = core.database.prepare(
            "SELECT analyte_id, disposition, count(*) FROM observation WHERE message_id = ? "
            "GROUP BY 1, 2");
        query.bind(message.value);
        while (query.step()) {
            const std::string_view word = query.text(1);
            of_one.push_back({core.term(query.integer(0)),
                              word == "S"   ? study::Disposition::stored
                              : word == "H" ? study::Disposition::held
                                            : study::Disposition::ignored,
                              query.integer(2)});
        }
    }
    return counts;
}

std::vector<HeldAnalyte> held_analytes(ReadSession& session, Instant since, Instant until,
                                       MessageId after) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<HeldAnalyte> held;
    auto query = core.database.prepare(
        "SELECT DISTINCT m.source_id, m.received_us, m.message_id, o.analyte_id FROM message m "
        "JOIN observation o ON o.message_id = m.message_id WHERE m.received_us >= ? AND "
        "m.received_us < ? AND m.message_id > ? AND m.state <> 'batch' AND m.held > 0 AND "
        "o.disposition = 'H'");
    query.bind(since.microseconds, until.microseconds, after.value);
    while (query.step())
        held.push_back({core.term(query.integer(0)), Instant{query.integer(1)},
                        MessageId{query.integer(2)}, core.term(query.integer(3))});
    return held;
}

std::optional<MessageId> last_good(ReadSession& session, const std::string& source,
                                   const std::string& type, MessageId before,
                                   const std::vector<std::string>& codes,
                                   const std::vector<std::string>& without) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    const auto source_id = core.terms.find(core.database, source);
    const auto type_id = core.terms.find(core.database, type);
    if (!source_id || !type_id) return std::nullopt;
    const std::set<std::int64_t> uncounted = terms_of(core, without);
    std::map<std::int64_t, bool, std::greater<>> candidates;  // whether it is held, newest first
    {
        auto query = core.database.prepare(
            "SELECT message_id, state FROM (SELECT message_id, type_id, state, held FROM message "
            "WHERE source_id = ? AND received_us <= (SELECT received_us FROM message WHERE "
            "message_id = ?) AND message_id <> ? ORDER BY received_us DESC, message_id DESC LIMIT "
            "500) recent WHERE type_id = ? AND (state = 'processed' OR (state = 'held' AND held > "
            "0))");
        query.bind(*source_id, before.value, before.value, *type_id);
        while (query.step()) {
            const bool held = query.text(1) == "held";
            if (!held || !uncounted.empty()) candidates.emplace(query.integer(0), held);
        }
    }
    std::optional<MessageId> newest;
    for (const auto& [candidate, held] : candidates) {
        const std::vector<CountedLine> lines = counted_lines(core, candidate, uncounted);
        if (held && std::ranges::any_of(lines, &CountedLine::held)) continue;
        if (std::ranges::any_of(lines, [&](const CountedLine& line) {
                return std::ranges::count(codes, line.code) > 0;
            }))
            return MessageId{candidate};
        if (!newest) newest = MessageId{candidate};
    }
    return newest;
}

namespace {

/// What an observation is about, as far as another message can be about the same.
struct About {
    std::int64_t specimen = 0;
    std::int64_t code = 0;
    std::string sub_id;
    std::optional<std::int64_t> subject;
};

std::vector<About> abouts_of(ReadSession::Core& core, MessageId message,
                             const std::set<std::int64_t>& without) {
    std::vector<About> abouts;
    auto query = core.database.prepare(
        "SELECT specimen_id, code_id, sub_id, subject_id, analyte_id FROM observation WHERE "
        "message_id = ? AND specimen_id IS NOT NULL ORDER BY ordinal");
    query.bind(message.value);
    while (query.step()) {
        if (without.contains(query.integer(4))) continue;
        abouts.push_back({query.integer(0), query.integer(1), query.string(2),
                          query.is_null(3) ? std::nullopt : std::optional(query.integer(3))});
    }
    return abouts;
}

/// The newest of those that are offered: of the same test, else of the same specimen.
class Newest {
public:
    Newest(const std::vector<About>& abouts, MessageId before) : abouts_(abouts), before_(before) {}

    void offer(MessageId message, std::int64_t specimen, std::int64_t code,
               std::string_view sub_id) {
        if (message.value >= before_.value) return;
        specimen_ = std::max(specimen_, message.value);
        if (std::ranges::any_of(abouts_, [&](const About& about) {
                return about.specimen == specimen && about.code == code && about.sub_id == sub_id;
            }))
            test_ = std::max(test_, message.value);
    }
    std::optional<MessageId> take() const {
        const std::int64_t best = test_ != 0 ? test_ : specimen_;
        return best == 0 ? std::nullopt : std::optional(MessageId{best});
    }

private:
    const std::vector<About>& abouts_;
    MessageId before_;
    std::int64_t test_ = 0;
    std::int64_t specimen_ = 0;
};

void offer_results(ReadSession::Core& core, const About& about, Newest& newest) {
    auto query = core.database.prepare(
        "SELECT code_id, sub_id, current_message, current_ordinal, versions FROM result WHERE "
        "subject_id = ? AND specimen_id = ? AND derived_id = 1");
    query.bind(*about.subject, about.specimen);
    while (query.step()) {
        std::vector<ObservationId> versions = unpack_ids(query.text(4));
        versions.push_back(
            {MessageId{query.integer(2)}, static_cast<std::int32_t>(query.integer(3))});
        for (const ObservationId& version : versions)
            newest.offer(version.message, about.specimen, query.integer(0), query.text(1));
    }
}

void offer_recent(ReadSession::Core& core, MessageId message, std::int64_t specimen,
                  Newest& newest) {
    auto query = core.database.prepare(
        "SELECT o.message_id, o.code_id, o.sub_id FROM observation o JOIN (SELECT message_id FROM "
        "message WHERE source_id = (SELECT source_id FROM message WHERE message_id = ?1) AND "
        "received_us <= (SELECT received_us FROM message WHERE message_id = ?1) AND message_id <> "
        "?1 ORDER BY received_us DESC, message_id DESC LIMIT 500) recent ON recent.message_id = "
        "o.message_id WHERE o.specimen_id = ?2");
    query.bind(message.value, specimen);
    while (query.step())
        newest.offer(MessageId{query.integer(0)}, specimen, query.integer(1), query.text(2));
}

}  // namespace

std::optional<MessageId> previous_of_order(ReadSession& session, MessageId message,
                                           const std::vector<std::string>& without) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    const std::vector<About> abouts = abouts_of(core, message, terms_of(core, without));
    Newest newest(abouts, message);
    std::set<std::pair<std::int64_t, std::int64_t>> asked;
    for (const About& about : abouts) {
        if (about.subject && asked.emplace(*about.subject, about.specimen).second)
            offer_results(core, about, newest);
    }
    if (const auto found = newest.take()) return found;
    std::set<std::int64_t> specimens;
    for (const About& about : abouts) {
        if (specimens.insert(about.specimen).second)
            offer_recent(core, message, about.specimen, newest);
    }
    return newest.take();
}

std::vector<TrafficHour> traffic_hours(ReadSession& session, Instant since, Instant until) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<TrafficHour> hours;
    auto query = core.database.prepare(
        "SELECT source_id, (received_us - ?1) / 3600000000, count(*), "
        "sum(CASE WHEN held > 0 THEN 1 ELSE 0 END), sum(CASE WHEN rule = ?3 THEN 1 ELSE 0 END) "
        "FROM message WHERE received_us >= ?1 AND received_us < ?2 AND state <> 'batch' "
        "GROUP BY 1, 2");
    query.bind(since.microseconds, until.microseconds,
               static_cast<std::int64_t>(Code::sequence_gap));
    while (query.step())
        hours.push_back({core.term(query.integer(0)), query.integer(1), query.integer(2),
                         query.integer(3), query.integer(4)});
    return hours;
}

std::vector<FreshTraffic> traffic_after(ReadSession& session, MessageId after) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<FreshTraffic> fresh;
    // Grouped by an expression, so that the index on the source does not tempt the planner to read
    // every message there is.
    auto query = core.database.prepare(
        "SELECT source_id + 0, count(*), sum(CASE WHEN held > 0 THEN 1 ELSE 0 END) "
        "FROM message WHERE message_id > ? AND state <> 'batch' "
        "GROUP BY source_id + 0");
    query.bind(after.value);
    while (query.step())
        fresh.push_back({core.term(query.integer(0)), query.integer(1), query.integer(2)});
    return fresh;
}

MessageId newest_message(ReadSession& session) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    auto query = core.database.prepare("SELECT coalesce(max(message_id), 0) FROM message");
    query.step();
    return MessageId{query.integer(0)};
}

std::optional<LastHeard> last_heard(ReadSession& session, const std::string& source) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    const auto id = core.terms.find(core.database, source);
    if (!id) return std::nullopt;
    auto query = core.database.prepare(
        "SELECT message_id, received_us, message_time FROM message WHERE source_id = ? "
        "ORDER BY received_us DESC, message_id DESC LIMIT 1");
    query.bind(*id);
    if (!query.step()) return std::nullopt;
    return LastHeard{MessageId{query.integer(0)}, Instant{query.integer(1)}, query.string(2)};
}

std::vector<CodeCount> code_counts(ReadSession& session, const std::string& source, Instant since) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<CodeCount> counts;
    const auto id = core.terms.find(core.database, source);
    if (!id) return counts;
    auto query = core.database.prepare(
        "SELECT o.code_id, o.code_system_id, count(*) FROM (SELECT message_id FROM message WHERE "
        "source_id = ? AND received_us >= ? ORDER BY received_us DESC, message_id DESC LIMIT 1000) "
        "recent JOIN observation o ON o.message_id = recent.message_id GROUP BY 1, 2");
    query.bind(*id, since.microseconds);
    while (query.step())
        counts.push_back(
            {core.term(query.integer(0)), core.term(query.integer(1)), query.integer(2)});
    return counts;
}

}  // namespace labrelay::store
