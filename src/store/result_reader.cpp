#include "result_reader.hpp"

#include <fmt/format.h>

#include <charconv>

#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/study/versions.hpp"
#include "version_columns.hpp"

namespace labrelay::store {
namespace {

constexpr const char* kRecordColumns =
    "SELECT number, source_id, specimen_id, code_id, sub_id, derived_id, current_message, "
    "current_ordinal, current_position, versions, visit_id, kind, role, study_day, forwarded, "
    "placement_version, first_delivery, taken FROM result WHERE subject_id = ?";

}  // namespace

std::string pack_ids(const std::vector<ObservationId>& ids) {
    std::string text;
    for (const ObservationId& id : ids)
        fmt::format_to(std::back_inserter(text), "{}{}.{}", text.empty() ? "" : " ",
                       id.message.value, id.ordinal);
    return text;
}

std::vector<ObservationId> unpack_ids(std::string_view text) {
    std::vector<ObservationId> ids;
    const char* at = text.data();
    const char* const end = text.data() + text.size();
    while (at < end) {
        ObservationId id;
        auto read = std::from_chars(at, end, id.message.value);
        if (read.ec != std::errc{} || read.ptr == end || *read.ptr != '.') break;
        read = std::from_chars(read.ptr + 1, end, id.ordinal);
        if (read.ec != std::errc{}) break;
        ids.push_back(id);
        at = read.ptr;
        if (at == end) return ids;
        if (*at++ != ' ') break;
    }
    if (!text.empty()) throw pipeline::unreadable("a list of observations is broken");
    return ids;
}

std::int64_t ResultReader::delivered_upto(SubjectId subject) {
    auto query =
        database_.prepare("SELECT delivered_upto FROM delivery_progress WHERE subject_id = ?");
    query.bind(subject.value);
    return query.step() ? query.integer(0) : 0;
}

study::SubjectState ResultReader::subject(SubjectId id) {
    static const std::string sql = std::string(kRecordColumns) + " ORDER BY number";
    study::SubjectState state;
    state.id = id;
    const std::int64_t upto = delivered_upto(id);
    auto query = database_.prepare(sql.c_str());
    query.bind(id.value);
    std::optional<Ahead> ahead;
    while (query.step()) {
        if (!ahead) ahead = read_ahead(id);
        state.results.push_back(read_record(id, query, upto, *ahead));
    }
    return state;
}

std::optional<study::ResultRecord> ResultReader::record(SubjectId subject, std::int64_t number) {
    static const std::string sql = std::string(kRecordColumns) + " AND number = ?";
    const std::int64_t upto = delivered_upto(subject);
    auto query = database_.prepare(sql.c_str());
    query.bind(subject.value, number);
    if (!query.step()) return std::nullopt;
    Ahead nothing;
    return read_record(subject, query, upto, nothing);
}

ResultReader::Ahead ResultReader::read_ahead(SubjectId subject) {
    static const std::string reported = fmt::format(
        "SELECT o.message_id, o.ordinal, {} FROM (SELECT current_message, current_ordinal FROM "
        "result WHERE subject_id = ? AND derived_id = 1) r JOIN observation o ON "
        "o.message_id = r.current_message AND o.ordinal = r.current_ordinal",
        kVersionColumns);
    static const std::string derived = fmt::format(
        "SELECT number, message_id, ordinal, inputs, {} FROM derived_version "
        "WHERE subject_id = ? AND position >= 0 ORDER BY number, position",
        kVersionColumns);
    Ahead ahead;
    {
        auto query = database_.prepare(reported.c_str());
        query.bind(subject.value);
        while (query.step()) {
            const ObservationId id{MessageId{query.integer(0)},
                                   static_cast<std::int32_t>(query.integer(1))};
            auto version = read_version(database_, terms_, query, 2);
            version.id = id;
            ahead.current.emplace(id, std::move(version));
        }
    }
    auto query = database_.prepare(derived.c_str());
    query.bind(subject.value);
    while (query.step()) ahead.derived[query.integer(0)].push_back(read_derived(query, 1));
    return ahead;
}

study::ResultRecord ResultReader::read_record(SubjectId subject, const Query& row,
                                              std::int64_t delivered_upto, Ahead& ahead) {
    study::ResultRecord record;
    record.number = row.integer(0);
    record.key.subject = subject;
    record.key.source = terms_.text(database_, row.integer(1));
    record.key.specimen = specimens_.identity(database_, row.integer(2));
    record.key.code = terms_.text(database_, row.integer(3));
    record.key.sub_id = row.string(4);
    record.key.derived = terms_.text(database_, row.integer(5));
    record.current = static_cast<std::size_t>(row.integer(8));
    record.placement.visit = terms_.text(database_, row.integer(10));
    record.placement.kind = static_cast<study::VisitKind>(row.integer(11));
    record.placement.role = static_cast<study::Role>(row.integer(12));
    if (const auto day = row.optional_integer(13))
        record.placement.study_day = static_cast<int>(*day);
    record.placement.forwarded = row.flag(14);
    record.placement_version = static_cast<std::int32_t>(row.integer(15));
    const auto first_delivery = row.optional_integer(16);
    record.delivered = first_delivery && *first_delivery <= delivered_upto;

    record.taken = static_cast<study::Taken>(row.integer(17));

    record.versions = versions_of(record, row, ahead);
    // Its observation still says what was stored, here or of another subject.
    if (!study::stands(record.taken))
        for (study::StoredVersion& version : record.versions)
            version = study::emptied(std::move(version));
    if (record.current >= record.versions.size())
        throw pipeline::unreadable("a result's current version is missing");
    return record;
}

std::vector<study::StoredVersion> ResultReader::versions_of(const study::ResultRecord& record,
                                                            const Query& row, Ahead& ahead) {
    if (!record.key.derived.empty()) {
        if (const auto known = ahead.derived.find(record.number); known != ahead.derived.end())
            return std::move(known->second);
        return derived_versions(record.key.subject, record.number);
    }
    auto ids = unpack_ids(row.text(9));
    if (ids.empty())
        ids.push_back({MessageId{row.integer(6)}, static_cast<std::int32_t>(row.integer(7))});
    std::vector<study::StoredVersion> versions;
    for (const ObservationId& id : ids) {
        const auto known = ahead.current.find(id);
        auto found = known != ahead.current.end() ? std::optional(known->second) : version(id);
        if (!found) throw pipeline::unreadable("a result's version is missing");
        versions.push_back(std::move(*found));
    }
    return versions;
}

std::optional<study::StoredVersion> ResultReader::version(ObservationId id) {
    static const std::string sql = fmt::format(
        "SELECT {} FROM observation WHERE message_id = ? AND ordinal = ?", kVersionColumns);
    auto query = database_.prepare(sql.c_str());
    query.bind(id.message.value, id.ordinal);
    if (!query.step()) return std::nullopt;
    auto version = read_version(database_, terms_, query, 0);
    version.id = id;
    return version;
}

std::optional<study::StoredVersion> ResultReader::derived_version(SubjectId subject,
                                                                  std::int64_t number,
                                                                  std::string_view inputs) {
    static const std::string sql = fmt::format(
        "SELECT message_id, ordinal, {} FROM derived_version "
        "WHERE subject_id = ? AND number = ? AND inputs = ?",
        kVersionColumns);
    auto query = database_.prepare(sql.c_str());
    query.bind(subject.value, number, inputs);
    if (!query.step()) return std::nullopt;
    auto version = read_version(database_, terms_, query, 2);
    version.id = {MessageId{query.integer(0)}, static_cast<std::int32_t>(query.integer(1))};
    version.inputs = unpack_ids(inputs);
    return version;
}

// The observation row names the result of its first subject; another study's is looked for.
std::optional<std::int64_t> ResultReader::number_of(SubjectId subject, ObservationId id) {
    {
        auto query = database_.prepare(
            "SELECT subject_id, number FROM observation WHERE message_id = ? AND ordinal = ?");
        query.bind(id.message.value, id.ordinal);
        if (query.step() && query.integer(0) == subject.value && !query.is_null(1))
            return query.integer(1);
    }
    const std::string member = "% " + pack_ids({id}) + " %";
    auto query = database_.prepare(
        "SELECT number FROM result WHERE subject_id = ? AND derived_id = 1 AND "
        "((current_message = ? AND current_ordinal = ?) OR "
        "' ' || versions || ' ' LIKE ?)");
    query.bind(subject.value, id.message.value, id.ordinal, member);
    if (!query.step()) return std::nullopt;
    return query.integer(0);
}

std::vector<study::StoredVersion> ResultReader::derived_versions(SubjectId subject,
                                                                 std::int64_t number) {
    static const std::string sql = fmt::format(
        "SELECT message_id, ordinal, inputs, {} FROM derived_version "
        "WHERE subject_id = ? AND number = ? AND position >= 0 ORDER BY position",
        kVersionColumns);
    std::vector<study::StoredVersion> versions;
    auto query = database_.prepare(sql.c_str());
    query.bind(subject.value, number);
    while (query.step()) versions.push_back(read_derived(query, 0));
    return versions;
}

study::StoredVersion ResultReader::read_derived(const Query& row, int first) {
    auto version = read_version(database_, terms_, row, first + 3);
    version.id = {MessageId{row.integer(first)}, static_cast<std::int32_t>(row.integer(first + 1))};
    version.inputs = unpack_ids(row.text(first + 2));
    return version;
}

}  // namespace labrelay::store
