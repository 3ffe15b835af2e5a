#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "labrelay/study/state.hpp"

namespace labrelay::study {

/// Which of a result's versions is current, and what a new one is: a version, a repeat, or in
/// doubt. Pure; the rules stand in src/study/versions.md.
///
/// Versions are ordered by (version_time, rank of the status, id), so that equal times do not make
/// the order of arrival count.
int rank(ObservationStatus status);
bool version_before(const StoredVersion& left, const StoredVersion& right);

/// Index of the current version. Precondition: `versions` is sorted by version_before and not
/// empty.
std::size_t current_of(std::span<const StoredVersion> versions);

/// Whether two versions are of blood drawn at one time, as far as their times say.
bool same_draw(const StoredVersion& left, const StoredVersion& right);

/// Whether two versions say the same: same reported text and unit, or same meaning after
/// conversion; and the same collection time. Statuses are not compared.
bool says_the_same(const StoredVersion& left, const StoredVersion& right);

/// What a candidate is to the versions that are there.
struct VersionVerdict {
    enum class Kind : std::uint8_t {
        store,    ///< a new version
        present,  ///< this very observation is stored already
        repeat,   ///< of `repeat_of`
        hold,     ///< by `rule`
    };
    Kind kind = Kind::store;
    Code rule = Code::none;
    std::optional<ObservationId> repeat_of;
    Code note = Code::none;    ///< late-preliminary, correction-first, withdrawal-first
    Code notice = Code::none;  ///< final-differs: stored, and a person must look
    const StoredVersion* promotes = nullptr;  ///< status promoted: whose value becomes final
};

/// `own_time`: the candidate's version_time is the result's own (OBX-19 or OBR-22), which a resend
/// does not move, and not the message's. `versions` may be empty.
VersionVerdict judge_version(const std::vector<StoredVersion>& versions,
                             const StoredVersion& candidate, bool own_time);

/// The version without its value: what a withdrawn one says.
StoredVersion emptied(StoredVersion version);

/// Takes a version out again; the last one of a result stands on emptied, and the result is `how`.
/// Precondition: the result stands.
void take_back(ResultRecord& record, ObservationId id, Taken how);

/// Puts `version` in its place and chooses the current one. A result that was taken begins anew.
void insert_version(ResultRecord& record, StoredVersion version);

}  // namespace labrelay::study
