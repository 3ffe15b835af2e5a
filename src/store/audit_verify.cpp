#include "labrelay/store/audit_verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include "audit_heads.hpp"
#include "labrelay/crypto/digest.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

constexpr std::int64_t kAnchorPage = 1000;
constexpr std::size_t kHexDigits = 64;

AuditHash digest_of(std::string_view text) {
    static const AuditHash kOfNothing = crypto::sha256({});
    return text.empty() ? kOfNothing : crypto::sha256(text);
}

std::string name_of(const AuditChainName& chain) {
    return fmt::format("life {} of node {}", chain.life, chain.node);
}

/// One pass over anchors and rows.
class Verifying {
public:
    Verifying(Connection& database, const VerifyOptions& options)
        : database_(database), options_(options) {}

    AuditVerification verify() {
        read_anchors();
        while (found_.finished && read_rows()) {
            ask_whether_to_go_on();
        }
        if (!found_.finished) {
            return std::move(found_);
        }
        missing_heads();
        erased_without_record();
        found_.chains = static_cast<std::int64_t>(chains_.size());
        say_what_is_not_proven();
        return std::move(found_);
    }

private:
    struct Link {
        std::int64_t row = 0;
        AuditHash hash{};
    };
    struct Expected {
        AuditHead head;
        std::int64_t anchor = 0;
    };
    struct Row {
        std::int64_t id = 0;
        AuditChainName chain;
        AuditHash previous{};
        AuditHash hash{};
        AuditHash computed{};
        bool erased = false;
        std::string tombstone_of;  ///< the row whose texts it says were erased
    };

    void ask_whether_to_go_on() { found_.finished = !options_.go_on || options_.go_on(); }

    void fault(Code code, std::int64_t row, std::string why) {
        ++found_.faults;
        // A row that is bad comes before something that is missing at the end.
        const auto place = [](std::int64_t id) { return id == 0 ? INT64_MAX : id; };
        if (!found_.first_bad || place(row) < place(found_.first_bad->row))
            found_.first_bad = AuditFault{code, row, std::move(why)};
    }

    // Only the newest head of a chain needs to be looked at: every row's hash covers those before.
    // A digest that the log has pins the heads as they were then.
    void read_anchors() {
        std::set<AuditHash> wanted(options_.known.begin(), options_.known.end());
        AuditHash before{};
        std::int64_t after = 0;
        std::map<AuditChainName, Expected> newest;
        const auto read_page = [&] {
            const ReadTransaction transaction(database_);
            auto query = database_.prepare(
                "SELECT anchor_id, at_us, heads, digest FROM audit_anchor WHERE anchor_id > ? "
                "ORDER BY anchor_id LIMIT ?");
            query.bind(after, kAnchorPage);
            std::int64_t read = 0;
            while (query.step()) {
                ++read;
                after = query.integer(0);
                const AuditHash digest = hash_from(query.blob(3));
                if (anchor_digest(before, query.integer(1), query.text(2)) != digest)
                    fault(Code::audit_gap, 0,
                          fmt::format("anchor {} does not fit the anchor before it: an anchor was "
                                      "changed or is missing",
                                      after));
                before = digest;
                for (const AuditHead& head : heads_from(query.text(2)))
                    newest[head.chain] = {head, after};
                if (wanted.erase(digest) > 0) expect(newest);
            }
            found_.anchors += read;
            return read == kAnchorPage;
        };
        while (found_.finished && read_page()) ask_whether_to_go_on();
        if (!found_.finished) return;
        expect(newest);
        for (const AuditHash& digest : wanted)
            fault(Code::audit_gap, 0,
                  fmt::format("no anchor has the digest {} that the log is said to have",
                              crypto::to_hex(digest)));
    }

    void expect(const std::map<AuditChainName, Expected>& heads) {
        for (const auto& [chain, expected] : heads)
            expected_.emplace(std::pair(expected.head.row, expected.head.hash), expected);
    }

    static Row read_row(const Query& query) {
        Row row;
        row.id = query.integer(0);
        row.chain = {query.integer(1), query.integer(2)};
        HashedRow hashed;
        hashed.previous = hash_from(query.blob(20));
        hashed.node = row.chain.node;
        hashed.life = row.chain.life;
        hashed.at_us = query.integer(3);
        hashed.drift_us = query.integer(4);
        hashed.kind = query.text(5);
        hashed.actor = query.text(6);
        hashed.role = query.text(7);
        hashed.origin = query.text(8);
        hashed.session = query.text(9);
        hashed.what = query.text(10);
        hashed.object_kind = query.text(11);
        hashed.object = query.text(12);
        const auto digest = [&](int text, int kept) {
            return query.is_null(kept) ? digest_of(query.text(text)) : hash_from(query.blob(kept));
        };
        // An erased text must be gone: beside a kept digest it would be covered by nothing.
        const auto both = [&](int text, int kept) {
            return !query.is_null(kept) && !query.text(text).empty();
        };
        hashed.before = digest(13, 22);
        hashed.after = digest(14, 23);
        hashed.reason_code = query.text(15);
        hashed.reason = digest(16, 24);
        hashed.version = query.text(17);
        hashed.config_hash = query.text(18);
        hashed.digest = query.blob(19);
        row.previous = hashed.previous;
        row.hash = hash_from(query.blob(21));
        row.computed = hash_of(hashed);
        if (both(13, 22) || both(14, 23) || both(16, 24)) row.computed = {};
        row.erased = !query.is_null(22) || !query.is_null(23) || !query.is_null(24);
        if (hashed.kind == "tombstone") row.tombstone_of = query.string(12);
        return row;
    }

    static constexpr const char* kRows =
        "SELECT audit_id, node, life, at_us, drift_us, kind, actor, role, origin, session, what, "
        "object_kind, object, before, after, reason_code, reason, version, config_hash, digest, "
        "previous, hash, before_digest, after_digest, reason_digest FROM audit "
        "WHERE audit_id > ? AND audit_id < ? ORDER BY audit_id LIMIT ?";

    std::vector<Row> rows_between(std::int64_t above, std::int64_t below, std::int64_t limit) {
        const ReadTransaction transaction(database_);
        auto query = database_.prepare(kRows);
        query.bind(above, below, limit);
        std::vector<Row> rows;
        while (query.step()) rows.push_back(read_row(query));
        return rows;
    }

    std::vector<Row> rows_of(const AuditChainName& chain, std::int64_t above, std::int64_t below) {
        static const std::string sql = [] {
            std::string text = kRows;
            const std::string_view order = " ORDER BY";
            return text.insert(text.find(order), " AND node = ? AND life = ?");
        }();
        const ReadTransaction transaction(database_);
        auto query = database_.prepare(sql.c_str());
        query.bind(above, below, chain.node, chain.life, static_cast<std::int64_t>(options_.page));
        std::vector<Row> rows;
        while (query.step()) rows.push_back(read_row(query));
        return rows;
    }

    bool read_rows() {
        const std::vector<Row> rows =
            rows_between(found_.last_row, INT64_MAX, static_cast<std::int64_t>(options_.page));
        page_before_ = std::exchange(page_, found_.last_row);
        for (const Row& row : rows) {
            look_at(row);
            found_.last_row = row.id;
        }
        return rows.size() == options_.page;
    }

    void look_at(const Row& row) {
        const auto known = chains_.find(row.chain);
        const AuditHash before = known == chains_.end() ? AuditHash{} : known->second.hash;
        if (row.previous != before && !came_late(row)) {
            const std::int64_t last = known == chains_.end() ? 0 : known->second.row;
            fault(Code::audit_broken, row.id,
                  last == 0
                      ? fmt::format("it does not begin the chain of {}: rows before it are missing",
                                    name_of(row.chain))
                      : fmt::format("it does not follow row {} of {}: a row between them is "
                                    "missing, or one of the two was changed or moved",
                                    last, name_of(row.chain)));
        }
        enter(row);
    }

    // On a shared store a row may become visible after one with a higher number: the page before
    // did not have it.
    bool came_late(const Row& row) {
        const auto known = chains_.find(row.chain);
        const bool begins = known == chains_.end();
        const std::int64_t above = begins ? page_before_ : known->second.row;
        AuditHash hash = begins ? AuditHash{} : known->second.hash;
        const std::vector<Row> late = rows_of(row.chain, above, row.id);
        for (const Row& one : late) {
            if (one.previous != hash) return false;
            hash = one.hash;
        }
        if (late.empty() || hash != row.previous) return false;
        for (const Row& one : late) enter(one);
        return true;
    }

    void enter(const Row& row) {
        ++found_.rows;
        if (row.computed != row.hash)
            fault(Code::audit_broken, row.id,
                  "its hash is not that of what it says: the row was changed");
        chains_[row.chain] = {row.id, row.hash};
        for (auto each = expected_.lower_bound({row.id, AuditHash{}});
             each != expected_.end() && each->first.first == row.id;) {
            const Expected& expected = each->second;
            if (expected.head.chain != row.chain || expected.head.hash != row.hash)
                fault(Code::audit_broken, row.id,
                      fmt::format("anchor {} has another hash for it: rows up to here were "
                                  "written anew",
                                  expected.anchor));
            each = expected_.erase(each);
        }
        if (row.erased) erased_.insert(row.id);
        if (!row.tombstone_of.empty()) {
            std::int64_t of = 0;
            std::from_chars(row.tombstone_of.data(),
                            row.tombstone_of.data() + row.tombstone_of.size(), of);
            erased_.erase(of);
        }
    }

    void missing_heads() {
        for (const auto& [row, expected] : expected_)
            fault(Code::audit_gap, 0,
                  fmt::format("row {} of {} is missing, and what came after it: anchor {} names it",
                              expected.head.row, name_of(expected.head.chain), expected.anchor));
    }

    void erased_without_record() {
        for (const std::int64_t row : erased_)
            fault(Code::audit_broken, row,
                  "its texts were erased and no later row says by whom and why");
    }

    void say_what_is_not_proven() {
        found_.not_proven.emplace_back(
            "That nothing was left out when it was entered: a trail shows what was written, not "
            "what was not.");
        if (options_.known.empty())
            found_.not_proven.emplace_back(
                "That whoever can write to the database did not write the whole trail and its "
                "anchors anew: compare an anchor digest of the log (--anchor).");
        found_.not_proven.emplace_back(
            found_.anchors == 0
                ? "That no rows are missing at the end: there is no anchor yet."
                : "That no rows are missing that were entered since the last anchor.");
        found_.not_proven.emplace_back(
            "That what is said of the outside is true: who sat at the keyboard, and whether the "
            "clock was right.");
    }

    Connection& database_;
    const VerifyOptions& options_;
    AuditVerification found_;
    std::int64_t page_ = 0;         ///< above it the page of rows that is looked at begins
    std::int64_t page_before_ = 0;  ///< and the one before
    std::map<AuditChainName, Link> chains_;
    std::map<std::pair<std::int64_t, AuditHash>, Expected> expected_;
    std::set<std::int64_t> erased_;
};

std::optional<AuditHash> hash_from_hex(std::string_view hex) {
    if (hex.size() != kHexDigits) return std::nullopt;
    AuditHash hash{};
    for (std::size_t index = 0; index < hash.size(); ++index) {
        const char* const digits = hex.data() + index * 2;
        const auto read = std::from_chars(digits, digits + 2, hash[index], 16);
        if (read.ec != std::errc{} || read.ptr != digits + 2) return std::nullopt;
    }
    return hash;
}

std::optional<AuditHead> head_from(std::string_view word) {
    AuditHead head;
    const char* at = word.data();
    const char* const end = word.data() + word.size();
    const auto number = [&](std::int64_t& value, char stop) {
        const auto read = std::from_chars(at, end, value);
        if (read.ec != std::errc{} || read.ptr == end || *read.ptr != stop) return false;
        at = read.ptr + 1;
        return true;
    };
    if (!number(head.chain.node, '.') || !number(head.chain.life, ':') || !number(head.row, ':'))
        return std::nullopt;
    const auto hash = hash_from_hex({at, static_cast<std::size_t>(end - at)});
    if (!hash) return std::nullopt;
    head.hash = *hash;
    return head;
}

}  // namespace

std::string heads_text(const std::vector<AuditHead>& heads) {
    std::string text;
    for (const AuditHead& head : heads)
        fmt::format_to(std::back_inserter(text), "{}{}.{}:{}:{}", text.empty() ? "" : " ",
                       head.chain.node, head.chain.life, head.row, crypto::to_hex(head.hash));
    return text;
}

std::vector<AuditHead> heads_from(std::string_view text) {
    std::vector<AuditHead> heads;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const auto head = head_from(text.substr(0, end));
        if (!head) return {};
        heads.push_back(*head);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return heads;
}

AuditHash anchor_digest(const AuditHash& before, std::int64_t at_us, std::string_view heads) {
    std::string text(bytes_of(before));
    text += std::to_string(at_us);
    text += '\n';
    text += heads;
    return crypto::sha256(text);
}

AuditHash hash_from(std::string_view bytes) {
    AuditHash hash{};
    std::copy_n(bytes.begin(), std::min(bytes.size(), hash.size()), hash.begin());
    return hash;
}

AuditVerification verify_audit(ReadSession& session, const VerifyOptions& options) {
    return Verifying(session.core().database, options).verify();
}

}  // namespace labrelay::store
