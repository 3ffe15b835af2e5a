#include "post_lock_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::store {
namespace {

using study::PostLockState;

constexpr const char* kColumns =
    "SELECT p.item_id, p.subject_id, p.number, p.state, p.told, p.new_words, p.reason, "
    "p.message_id, p.opened_us, p.changed_us, p.differs FROM post_lock_item p ";

// Nothing of a result that a newer item is about counts any more.
constexpr const char* kNewest =
    "WHERE p.subject_id = ? AND p.item_id = (SELECT max(n.item_id) FROM post_lock_item n "
    "WHERE n.subject_id = p.subject_id AND n.number = p.number) "
    "AND p.state IN ('waiting', 'open', 'authorised', 'not applied') ";

PostLockRow read_row(const Query& row) {
    PostLockRow item;
    item.id = row.integer(0);
    item.subject = SubjectId{row.integer(1)};
    item.number = row.integer(2);
    const auto state = study::post_lock_state_from(row.text(3));
    if (!state) throw pipeline::unreadable("a post-lock item's state cannot be read");
    item.state = *state;
    if (!row.is_null(4)) item.told = told_state_from_json(row.text(4));
    item.now = words_from_json(row.text(5));
    item.reason = static_cast<Code>(row.integer(6));
    if (const auto message = row.optional_integer(7)) item.message = MessageId{*message};
    item.opened = Instant{row.integer(8)};
    item.changed = Instant{row.integer(9)};
    if (!row.is_null(10)) item.differs = told_elsewhere_from_json(row.text(10));
    return item;
}

std::optional<std::string> told_text(const PostLockRow& row) {
    return row.told ? std::optional(to_json(*row.told)) : std::nullopt;
}

std::optional<std::string> differs_text(const PostLockRow& row) {
    return row.differs.empty() ? std::nullopt : std::optional(to_json(row.differs));
}

std::optional<std::int64_t> message_of(const PostLockRow& row) {
    return row.message ? std::optional(row.message->value) : std::nullopt;
}

}  // namespace

const std::optional<ToldState>& PostLockRow::told_at(std::string_view target) const {
    const auto elsewhere = std::ranges::find(differs, target, &ToldElsewhere::target);
    return elsewhere == differs.end() ? told : elsewhere->told;
}

std::vector<PostLockRow> withholding_items(Connection& database, SubjectId subject) {
    static const std::string sql = std::string(kColumns) + kNewest + "ORDER BY p.item_id";
    std::vector<PostLockRow> items;
    auto query = database.prepare(sql.c_str());
    query.bind(subject.value);
    while (query.step()) items.push_back(read_row(query));
    return items;
}

std::optional<PostLockRow> withholding_item(Connection& database, SubjectId subject,
                                            std::int64_t number) {
    static const std::string sql = std::string(kColumns) + kNewest + "AND p.number = ?";
    auto query = database.prepare(sql.c_str());
    query.bind(subject.value, number);
    if (!query.step()) return std::nullopt;
    return read_row(query);
}

std::optional<PostLockRow> post_lock_row(Connection& database, std::int64_t id) {
    static const std::string sql = std::string(kColumns) + "WHERE p.item_id = ?";
    auto query = database.prepare(sql.c_str());
    query.bind(id);
    if (!query.step()) return std::nullopt;
    return read_row(query);
}

std::vector<PostLockRow> post_lock_rows(Connection& database, const PostLockFilter& filter) {
    static const std::string all =
        std::string(kColumns) +
        "WHERE (? = 1 OR p.state IN ('waiting', 'open', 'authorised')) ORDER BY p.item_id";
    // Apart, so that the subject's are found by their index.
    static const std::string of_subject =
        std::string(kColumns) +
        "WHERE (? = 1 OR p.state IN ('waiting', 'open', 'authorised')) AND p.subject_id = ? "
        "ORDER BY p.item_id";
    std::vector<PostLockRow> rows;
    auto query = database.prepare(filter.subject ? of_subject.c_str() : all.c_str());
    query.bind(filter.settled_too);
    if (filter.subject) query.bind(filter.subject->value);
    while (query.step()) rows.push_back(read_row(query));
    return rows;
}

std::int64_t insert_post_lock(StoreWriter::Core& core, const PostLockRow& row) {
    const auto told = told_text(row);
    const auto differs = differs_text(row);
    const std::string words = to_json(row.now);
    auto insert = core.db().prepare(
        "INSERT INTO post_lock_item(subject_id, number, state, told, new_words, reason, "
        "message_id, opened_us, changed_us, differs) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "RETURNING item_id");
    insert.bind(row.subject.value, row.number, study::to_string(row.state), told, words,
                static_cast<int>(row.reason), message_of(row), row.opened.microseconds,
                row.changed.microseconds, differs);
    insert.step();
    const std::int64_t id = insert.integer(0);
    insert.step();
    return id;
}

void update_post_lock(StoreWriter::Core& core, const PostLockRow& row) {
    const std::string words = to_json(row.now);
    core.db()
        .prepare(
            "UPDATE post_lock_item SET new_words = ?, reason = ?, message_id = ?, changed_us = ? "
            "WHERE item_id = ?")
        .bind(words, static_cast<int>(row.reason), message_of(row), row.changed.microseconds,
              row.id)
        .run();
}

void update_told(StoreWriter::Core& core, const PostLockRow& row) {
    const auto told = told_text(row);
    const auto differs = differs_text(row);
    core.db()
        .prepare(
            "UPDATE post_lock_item SET told = ?, differs = ?, changed_us = ? WHERE item_id = ?")
        .bind(told, differs, row.changed.microseconds, row.id)
        .run();
}

void move_post_lock(StoreWriter::Core& core, PostLockRow& row, PostLockState to,
                    const PostLockAct& act) {
    if (!study::allowed(row.state, to))
        throw std::logic_error(fmt::format("a post-lock item cannot go from {} to {}",
                                           study::to_string(row.state), study::to_string(to)));
    core.db()
        .prepare("UPDATE post_lock_item SET state = ?, changed_us = ? WHERE item_id = ?")
        .bind(study::to_string(to), act.at.microseconds, row.id)
        .run();
    core.db()
        .prepare(
            "INSERT INTO post_lock_fact(item_id, at_us, actor, from_state, to_state, reason, "
            "signature) VALUES (?, ?, ?, ?, ?, ?, ?)")
        .bind(row.id, act.at.microseconds, act.actor, study::to_string(row.state),
              study::to_string(to), act.reason, act.signature)
        .run();
    const std::string what =
        fmt::format("post-lock item {} of subject {}: {} to {}", row.id, row.subject.value,
                    study::to_string(row.state), study::to_string(to));
    // The signature is bound to what it was given for.
    std::string about = fmt::format("{}\n{}\n{}\n{}\n{}", what, act.reason, act.signature,
                                    told_text(row).value_or(""), to_json(row.now));
    if (const auto differs = differs_text(row)) about += "\n" + *differs;
    const std::string object = std::to_string(row.id);
    AuditEntry entry{act.at, "post-lock", act.actor, what, about};
    if (act.door != nullptr) {
        entry.origin = act.door->origin;
        entry.role = act.door->role;
        entry.session = act.door->session;
        entry.reason_code = act.door->reason_code;
    }
    entry.object_kind = "post-lock";
    entry.object = object;
    entry.reason = act.reason;
    core.audit->append(core.db(), entry);
    row.state = to;
}

PostLockItem item_of(const PostLockRow& row) {
    PostLockItem item;
    item.id = row.id;
    item.subject = row.subject;
    item.number = row.number;
    item.state = row.state;
    if (row.told) item.told = row.told->words;
    for (const ToldElsewhere& one : row.differs)
        item.differs.push_back(
            {one.target, one.told ? std::optional(one.told->words) : std::nullopt});
    item.now = row.now;
    item.reason = row.reason;
    item.message = row.message;
    item.opened = row.opened;
    item.changed = row.changed;
    return item;
}

}  // namespace labrelay::store
