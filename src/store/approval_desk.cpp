#include "labrelay/store/approval_desk.hpp"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "desk_open.hpp"
#include "labrelay/crypto/digest.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

using review::ApprovalState;

constexpr const char* kColumns =
    "SELECT a.approval_id, a.action, a.object, a.content, a.digest, a.preview, a.state, "
    "a.asked_by, coalesce(asker.name, ''), a.asked_us, a.reason, coalesce(a.decided_by, 0), "
    "coalesce(decider.name, ''), a.decided_us, a.why, coalesce(a.signature_id, 0), a.version "
    "FROM approval a LEFT JOIN account asker ON asker.account_id = a.asked_by "
    "LEFT JOIN account decider ON decider.account_id = a.decided_by";

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes)
        fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned char>(byte));
    return text;
}

Approval read_approval(const Query& row) {
    Approval read;
    read.id = row.integer(0);
    read.action = row.string(1);
    read.object = row.string(2);
    read.content = row.string(3);
    read.content_sha256 = hex(row.blob(4));
    read.preview = row.string(5);
    const auto state = review::approval_state_from(row.text(6));
    if (!state) throw pipeline::unreadable("an approval's state cannot be read");
    read.state = *state;
    read.asked_by = row.integer(7);
    read.asker = row.string(8);
    read.asked_at = Instant{row.integer(9)};
    read.reason = row.string(10);
    read.decided_by = row.integer(11);
    read.decider = row.string(12);
    if (const auto decided = row.optional_integer(13)) read.decided_at = Instant{*decided};
    read.why = row.string(14);
    read.signature = row.integer(15);
    read.version = row.integer(16);
    return read;
}

std::optional<Approval> read_one(Connection& database, std::int64_t id) {
    static const std::string sql = std::string(kColumns) + " WHERE a.approval_id = ?";
    auto query = database.prepare(sql.c_str());
    query.bind(id);
    if (!query.step()) return std::nullopt;
    return read_approval(query);
}

std::string state_json(ApprovalState state) {
    return nlohmann::json({{"state", review::to_string(state)}}).dump();
}

void replace_pending(Desk& desk, const Act& act, const ApprovalRequest& request) {
    std::vector<std::int64_t> old;
    {
        auto query = desk.open().db().prepare(
            "SELECT approval_id FROM approval WHERE action = ? AND object = ? AND "
            "state = 'pending'");
        query.bind(request.action, request.object);
        while (query.step()) old.push_back(query.integer(0));
    }
    for (const std::int64_t id : old) {
        const auto pending = approval(desk, id);
        if (pending)
            (void)move_approval(desk, act, *pending,
                                {ApprovalState::stale, 0, 0, "it was asked for anew"});
    }
}

bool required(Connection& database, std::string_view action) {
    const review::FourEyesAction* known = review::four_eyes_action(action);
    if (known == nullptr || known->always) return true;
    auto query = database.prepare("SELECT required FROM four_eyes WHERE action = ?");
    query.bind(action);
    return !query.step() || query.flag(0);
}

}  // namespace

Result<std::int64_t> ask_approval(Desk& desk, const Act& act, const ApprovalRequest& request) {
    if (request.asked_by == 0) return fail(Code::forbidden, {}, "a person asks, not a command");
    if (act.reason.empty()) return fail(Code::reason_needed);
    replace_pending(desk, act, request);
    const auto digest = crypto::sha256(request.content);
    std::int64_t id = 0;
    {
        auto insert = desk.open().db().prepare(
            "INSERT INTO approval(action, object, content, digest, preview, state, asked_by, "
            "asked_us, reason) VALUES (?, ?, ?, ?, ?, 'pending', ?, ?, ?) RETURNING approval_id");
        insert.bind(request.action, request.object, request.content, Blob{bytes_of(digest)},
                    request.preview, request.asked_by, desk.now().microseconds, act.reason);
        insert.step();
        id = insert.integer(0);
        insert.step();
    }
    const nlohmann::ordered_json after = {{"action", request.action},
                                          {"object", request.object},
                                          {"content_sha256", crypto::to_hex(digest)},
                                          {"state", "pending"}};
    desk.audit(act, {"approval",
                     fmt::format("asked for: {} {}", request.action, request.object),
                     "approval",
                     std::to_string(id),
                     {},
                     after.dump()});
    return id;
}

std::vector<Approval> approvals(ReadSession& session, std::optional<ApprovalState> state,
                                std::int64_t before, std::size_t limit) {
    static const std::string all =
        std::string(kColumns) + " WHERE a.approval_id < ? ORDER BY a.approval_id DESC LIMIT ?";
    static const std::string pending =
        std::string(kColumns) +
        " WHERE a.approval_id < ? AND a.state = 'pending' ORDER BY a.approval_id DESC LIMIT ?";
    static const std::string others =
        std::string(kColumns) +
        " WHERE a.approval_id < ? AND a.state = ? ORDER BY a.approval_id DESC LIMIT ?";
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    const bool is_pending = state == ApprovalState::pending;
    auto query = database.prepare(!state       ? all.c_str()
                                  : is_pending ? pending.c_str()
                                               : others.c_str());
    query.bind(before == 0 ? std::numeric_limits<std::int64_t>::max() : before);
    if (state && !is_pending) query.bind(review::to_string(*state));
    query.bind(static_cast<std::int64_t>(limit));
    std::vector<Approval> found;
    while (query.step()) found.push_back(read_approval(query));
    return found;
}

std::optional<Approval> approval(ReadSession& session, std::int64_t id) {
    const ReadTransaction transaction(session.core().database);
    return read_one(session.core().database, id);
}

std::optional<Approval> approval(Desk& desk, std::int64_t id) {
    return read_one(desk.open().db(), id);
}

bool content_is_current(const Approval& approval, std::string_view content_now) {
    return crypto::to_hex(crypto::sha256(content_now)) == approval.content_sha256;
}

Result<void> move_approval(Desk& desk, const Act& act, const Approval& approval,
                           const ApprovalMove& move) {
    const Place place{fmt::format("approval:{}", approval.id)};
    const bool decision = move.to == ApprovalState::approved || move.to == ApprovalState::refused;
    if (decision) {
        if (auto may = review::may_decide(approval.state, {approval.asked_by, move.account}); !may)
            return may;
    }
    if (!review::allowed(approval.state, move.to))
        return fail(Code::state_change_bad, place,
                    fmt::format("it is {}", review::to_string(approval.state)));
    if (move.to == ApprovalState::refused && move.why.empty())
        return fail(Code::reason_needed, place);
    // Only from where it was read: another node may have moved it meanwhile.
    auto update = desk.open().db().prepare(
        decision ? "UPDATE approval SET state = ?, why = ?, decided_by = ?, decided_us = ?, "
                   "signature_id = nullif(CAST(? AS BIGINT), 0), version = version + 1 "
                   "WHERE approval_id = ? AND state = ? RETURNING approval_id"
                 : "UPDATE approval SET state = ?, why = ?, version = version + 1 "
                   "WHERE approval_id = ? AND state = ? RETURNING approval_id");
    const std::string_view to = review::to_string(move.to);
    const std::string_view from = review::to_string(approval.state);
    if (decision)
        update.bind(to, move.why, move.account, desk.now().microseconds, move.signature,
                    approval.id, from);
    else
        update.bind(to, move.why, approval.id, from);
    if (!update.step()) return fail(Code::state_change_bad, place, "it was moved at the same time");
    update.step();
    desk.audit(
        act,
        {"approval",
         fmt::format("{}: {} {}", review::to_string(move.to), approval.action, approval.object),
         "approval", std::to_string(approval.id), state_json(approval.state), state_json(move.to)});
    return {};
}

std::vector<FourEyes> four_eyes(ReadSession& session) {
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    std::vector<FourEyes> all;
    for (const review::FourEyesAction& action : review::four_eyes_actions()) {
        FourEyes& one = all.emplace_back();
        one.action = action.key;
        one.text = action.text;
        one.always = action.always;
        auto query = database.prepare(
            "SELECT required, actor, at_us, reason, coalesce(signature_id, 0) FROM four_eyes "
            "WHERE action = ?");
        query.bind(action.key);
        if (!query.step()) continue;
        one.required = action.always || query.flag(0);
        one.actor = query.string(1);
        one.at = Instant{query.integer(2)};
        one.reason = query.string(3);
        one.signature = query.integer(4);
    }
    return all;
}

bool needs_four_eyes(Desk& desk, std::string_view action) {
    return required(desk.open().db(), action);
}

bool needs_four_eyes(ReadSession& session, std::string_view action) {
    const ReadTransaction transaction(session.core().database);
    return required(session.core().database, action);
}

Result<void> set_four_eyes(Desk& desk, const Act& act, std::string_view action, bool wanted,
                           std::int64_t signature) {
    const Place place{"four-eyes:" + std::string(action)};
    const review::FourEyesAction* known = review::four_eyes_action(action);
    if (known == nullptr) return fail(Code::not_found, place);
    if (known->always && !wanted)
        return fail(Code::state_change_bad, place, "this always needs a second person");
    if (act.reason.empty()) return fail(Code::reason_needed, place);
    const bool before = needs_four_eyes(desk, action);
    desk.open()
        .db()
        .prepare(
            "INSERT INTO four_eyes(action, required, actor, at_us, reason, signature_id) "
            "VALUES (?, ?, ?, ?, ?, nullif(CAST(? AS BIGINT), 0)) ON CONFLICT(action) DO UPDATE "
            "SET "
            "required = excluded.required, actor = excluded.actor, at_us = excluded.at_us, "
            "reason = excluded.reason, signature_id = excluded.signature_id")
        .bind(action, wanted, act.actor, desk.now().microseconds, act.reason, signature)
        .run();
    const auto json = [](bool value) { return nlohmann::json({{"required", value}}).dump(); };
    desk.audit(
        act, {"four-eyes",
              fmt::format("a second person is {} for {}", wanted ? "needed" : "not needed", action),
              "four-eyes", action, json(before), json(wanted)});
    return {};
}

}  // namespace labrelay::store
