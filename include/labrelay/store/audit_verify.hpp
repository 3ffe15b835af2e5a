#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/error_catalogue.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/read_session.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::store {

/// The heads of all chains at one moment. `digest` covers the anchor before and every head, so that
/// the newest stands for all of them; it also goes to the log, out of reach of whoever can write to
/// the database.
struct AuditAnchor {
    std::int64_t id = 0;
    Instant at;
    std::array<std::uint8_t, 32> digest{};
    std::size_t heads = 0;  ///< chains that went on since the anchor before
    bool first_of_day = false;
};
/// Anchors what was entered since the last anchor. Nothing where nothing was, or where another node
/// does it. A short transaction of its own; throws pipeline::StoreFault.
std::optional<AuditAnchor> anchor_audit(StoreWriter& writer);

/// `<node>.<life>`
struct AuditChainName {
    std::int64_t node = 0;
    std::int64_t life = 0;
    friend auto operator<=>(const AuditChainName&, const AuditChainName&) = default;
};

struct AuditFault {
    Code code = Code::audit_broken;  ///< audit-broken or audit-gap
    std::int64_t row = 0;            ///< 0: it is about no row that is there
    std::string why;                 ///< one sentence
};
struct AuditVerification {
    std::int64_t rows = 0;
    std::int64_t chains = 0;
    std::int64_t anchors = 0;
    std::int64_t last_row = 0;
    std::optional<AuditFault> first_bad;  ///< the one with the lowest row
    std::int64_t faults = 0;
    bool finished = true;                 ///< false: `go_on` ended it
    std::vector<std::string> not_proven;  ///< in words: what no check of the store alone can show
    bool ok() const { return finished && !first_bad; }
};

struct VerifyOptions {
    /// Digests of anchors as the log has them: each must be among the anchors.
    std::vector<std::array<std::uint8_t, 32>> known;
    std::size_t page = 5000;  ///< rows a read transaction
    /// Asked between two read transactions; may pause. False: no further, the check is not
    /// finished.
    std::function<bool()> go_on{};
};
/// Recomputes every hash, compares each row with the one before it in its chain, and each chain
/// with the anchors. Page by page, beside a running server; memory does not grow with the rows.
AuditVerification verify_audit(ReadSession& session, const VerifyOptions& options = {});

}  // namespace labrelay::store
