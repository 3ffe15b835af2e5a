#include "result_reader.hpp"

#include <fmt/format.h>

#include <charconv>

#include "labrelay/pipeline/commit_store.hpp"
#include "version_columns.hpp"

namespace labrelay::store {
namespace {

constexpr const char* kRecordColumns =
    "SELECT number, source_id, specimen_id, code_id, sub_id, derived_id, current_message, "
    "current_ordinal, current_position, versions, visit_id, kind, role, study_day, forwarded, "
    "placement_version, first_delivery FROM result WHERE subject_id = ?";

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
    if (!text.empty()) throw pipeline::StoreFault("a list of observations is broken", false);
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
    while (query.step()) state.results.push_back(read_record(id, query, upto));
    return state;
}

std::optional<study::ResultRecord> ResultReader::record(SubjectId subject, std::int64_t number) {
    static const std::string sql = std::string(kRecordColumns) + " AND number = ?";
    const std::int64_t upto = delivered_upto(subject);
    auto query = database_.prepare(sql.c_str());
    query.bind(subject.value, number);
    if (!query.step()) return std::nullopt;
    return read_record(subject, query, upto);
}

study::ResultRecord ResultReader::read_record(SubjectId subject, const Query& row,
                                              std::int64_t delivered_upto) {
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

    if (!record.key.derived.empty()) {
        record.versions = derived_versions(subject, record.number);
    } else {
        auto ids = unpack_ids(row.text(9));
        if (ids.empty())
            ids.push_back({MessageId{row.integer(6)}, static_cast<std::int32_t>(row.integer(7))});
        for (const ObservationId& id : ids) {
            auto found = version(id);
            if (!found) throw pipeline::StoreFault("a result's version is missing", false);
            record.versions.push_back(std::move(*found));
        }
    }
    if (record.current >= record.versions.size())
        throw pipeline::StoreFault("a result's current version is missing", false);
    return record;
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

std::vector<study::StoredVersion> ResultReader::derived_versions(SubjectId subject,
                                                                 std::int64_t number) {
    static const std::string sql = fmt::format(
        "SELECT message_id, ordinal, inputs, {} FROM derived_version "
        "WHERE subject_id = ? AND number = ? ORDER BY position",
        kVersionColumns);
    std::vector<study::StoredVersion> versions;
    auto query = database_.prepare(sql.c_str());
    query.bind(subject.value, number);
    while (query.step()) {
        auto version = read_version(database_, terms_, query, 3);
        version.id = {MessageId{query.integer(0)}, static_cast<std::int32_t>(query.integer(1))};
        version.inputs = unpack_ids(query.text(2));
        versions.push_back(std::move(version));
    }
    return versions;
}

}  // namespace labrelay::store
