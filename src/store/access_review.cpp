#include "labrelay/store/access_review.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "account_tables.hpp"
#include "desk_open.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

constexpr std::int64_t kBeyondAll = 0x7fffffffffffffff;
constexpr std::size_t kAtOnce = 500;

std::string selecting(std::string_view seen, std::string_view which) {
    return fmt::format(
        "SELECT r.review_id, r.at_us, r.actor, r.digest, r.finding, r.signature_id, s.name, "
        "s.meaning, {} FROM access_review r JOIN signature s ON s.signature_id = r.signature_id {}",
        seen, which);
}

AccessReview read_row(const Query& row) {
    AccessReview read;
    read.id = row.integer(0);
    read.at = Instant{row.integer(1)};
    read.actor = row.string(2);
    const std::string_view digest = row.blob(3);
    if (digest.size() != read.digest.size())
        throw pipeline::unreadable("the digest of an access review cannot be read");
    std::copy_n(digest.begin(), digest.size(), read.digest.begin());
    read.finding = row.string(4);
    read.signature = row.integer(5);
    read.signed_by = row.string(6);
    read.meaning = row.string(7);
    read.seen = row.string(8);
    return read;
}

std::optional<Instant> one_instant(Query&& query) {
    if (!query.step()) return std::nullopt;
    const auto at = query.optional_integer(0);
    return at ? std::optional(Instant{*at}) : std::nullopt;
}

}  // namespace

std::vector<Account> accounts(Desk& desk) {
    std::vector<Account> all;
    std::vector<Account> page;
    do {
        page = read_accounts(desk.open().db(), all.empty() ? 0 : all.back().id, kAtOnce);
        all.insert(all.end(), page.begin(), page.end());
    } while (page.size() == kAtOnce);
    return all;
}

std::optional<Instant> last_sign_in(ReadSession& session, std::string_view account) {
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    auto query = database.prepare(
        "SELECT at_us FROM audit WHERE kind <> 'ingest' AND actor = ? AND kind = 'sign-in' "
        "AND what = 'signed in' ORDER BY audit_id DESC LIMIT 1");
    query.bind(account);
    return one_instant(std::move(query));
}

std::int64_t record_access_review(Desk& desk, const Act& act, const AccessReview& review) {
    const std::string bytes(review.digest.begin(), review.digest.end());
    std::int64_t id = 0;
    {
        auto insert = desk.open().db().prepare(
            "INSERT INTO access_review(at_us, actor, seen, digest, finding, signature_id) "
            "VALUES (?, ?, ?, ?, ?, ?) RETURNING review_id");
        insert.bind(desk.now().microseconds, act.actor, review.seen, Blob{bytes}, review.finding,
                    review.signature);
        insert.step();
        id = insert.integer(0);
        insert.step();
    }
    const nlohmann::ordered_json after = {{"seen_sha256", crypto::to_hex(review.digest)},
                                          {"finding", review.finding},
                                          {"signature", review.signature}};
    desk.audit(act, {"access-review",
                     "accounts and roles were reviewed",
                     "access-review",
                     std::to_string(id),
                     {},
                     after.dump()});
    return id;
}

std::vector<AccessReview> access_reviews(ReadSession& session, std::int64_t before,
                                         std::size_t limit) {
    static const std::string sql =
        selecting("''", "WHERE r.review_id < ? ORDER BY r.review_id DESC LIMIT ?");
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    auto query = database.prepare(sql.c_str());
    query.bind(before == 0 ? kBeyondAll : before, static_cast<std::int64_t>(limit));
    std::vector<AccessReview> rows;
    while (query.step()) rows.push_back(read_row(query));
    return rows;
}

std::optional<AccessReview> access_review(ReadSession& session, std::int64_t id) {
    static const std::string sql = selecting("r.seen", "WHERE r.review_id = ?");
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    auto query = database.prepare(sql.c_str());
    query.bind(id);
    if (!query.step()) return std::nullopt;
    return read_row(query);
}

std::optional<Instant> access_reviewed_since(ReadSession& session) {
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    const auto last = one_instant(database.prepare("SELECT max(at_us) FROM access_review"));
    return last ? last : one_instant(database.prepare("SELECT min(created_us) FROM account"));
}

}  // namespace labrelay::store
