#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/time.hpp"
#include "labrelay/store/act.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

/// Every kind of row that is ever entered; another one is a fault.
std::span<const std::string_view> audit_kinds();

/// A row of the audit trail as it is kept.
struct AuditRow {
    std::int64_t id = 0;
    std::int64_t node = 0;
    std::int64_t life = 0;  ///< of the node: each start is one
    Instant at;
    std::int64_t drift_us = 0;  ///< how far the clock was behind its highest reading
    std::string kind;
    std::string actor;
    std::string role;
    std::string origin;  ///< page, command, engine
    std::string session;
    std::string what;
    std::string object_kind;
    std::string object;
    std::string before;   ///< JSON
    std::string after;    ///< JSON
    bool erased = false;  ///< before, after or reason held personal data and were erased
    std::string reason_code;
    std::string reason;
    std::string version;
    std::string config_hash;
    std::array<std::uint8_t, 32> hash{};
};

struct AuditFilter {
    std::optional<Instant> from;   ///< from here
    std::optional<Instant> until;  ///< before here
    std::string actor;
    std::string kind;
    std::string object_kind;
    std::string object;  ///< of object_kind
    std::string text;    ///< somewhere in what, reason, object or actor; ASCII letters fold
    /// Whoever asks looks for the text in what the person may read of the rows (says()): they come
    /// whether they hold it or not.
    bool text_later = false;
};
/// What `text` of a filter asks for.
bool says(const AuditRow& row, std::string_view text);

struct AuditPage {
    std::vector<AuditRow> rows;
    std::int64_t next = 0;  ///< goes on before this row; 0: it was the last page
};
/// Newest first, in the order of their numbers, which no clock changes; those before `before` (0:
/// from the newest). A page may be shorter than `limit` and still not the last: a text is searched
/// in a bounded number of rows at a time, and not among `ingest` unless that kind is asked for.
AuditPage audit_rows(ReadSession& session, const AuditFilter& filter, std::int64_t before,
                     std::size_t limit);
std::optional<AuditRow> audit_row(ReadSession& session, std::int64_t id);

/// Somebody looked through the audit trail of a period, by signature.
struct AuditReview {
    std::int64_t id = 0;
    Instant from;
    Instant until;
    std::string filter;   ///< JSON, as it was looked at
    std::string finding;  ///< in the person's words
    std::string actor;
    Instant at;
    std::int64_t signature = 0;
    std::string signed_by;  ///< name as printed
    std::string meaning;
};
/// Newest first; those before `before` (0: from the newest).
std::vector<AuditReview> audit_reviews(ReadSession& session, std::int64_t before,
                                       std::size_t limit);

}  // namespace labrelay::store
