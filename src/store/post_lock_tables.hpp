#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "labrelay/store/lock_query.hpp"
#include "told_state.hpp"
#include "writer_core.hpp"

namespace labrelay::store {

/// An item as its row stands.
struct PostLockRow {
    std::int64_t id = 0;
    SubjectId subject;
    std::int64_t number = 0;
    study::PostLockState state = study::PostLockState::open;
    std::optional<ToldState> told;
    std::vector<ToldElsewhere> differs;  ///< targets that hold something else than `told`
    study::ResultWords now;
    Code reason{};
    std::optional<MessageId> message;
    Instant opened;
    Instant changed;

    /// What this one study database holds.
    const std::optional<ToldState>& told_at(std::string_view target) const;
};

/// The newest item of each of the subject's results, where it keeps the study databases from the
/// result's present state.
std::vector<PostLockRow> withholding_items(Connection& database, SubjectId subject);
/// The same for one result.
std::optional<PostLockRow> withholding_item(Connection& database, SubjectId subject,
                                            std::int64_t number);
std::optional<PostLockRow> post_lock_row(Connection& database, std::int64_t id);
std::vector<PostLockRow> post_lock_rows(Connection& database, const PostLockFilter& filter);

/// Who changes an item's state and why; `engine` where no person does.
struct PostLockAct {
    Instant at;
    std::string_view actor = "engine";
    std::string_view reason;
    std::string_view signature;
    const Act* door = nullptr;  ///< through which the actor came; nothing: the engine's own
};

std::int64_t insert_post_lock(StoreWriter::Core& core, const PostLockRow& row);
/// The newest change joins the item.
void update_post_lock(StoreWriter::Core& core, const PostLockRow& row);
/// It was found out what the study databases were told.
void update_told(StoreWriter::Core& core, const PostLockRow& row);
/// Along the table of transitions only; throws std::logic_error for another one.
void move_post_lock(StoreWriter::Core& core, PostLockRow& row, study::PostLockState to,
                    const PostLockAct& act);

PostLockItem item_of(const PostLockRow& row);

}  // namespace labrelay::store
