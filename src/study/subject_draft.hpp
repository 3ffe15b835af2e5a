#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "labrelay/study/outcome.hpp"
#include "labrelay/study/placement.hpp"

namespace labrelay::study {

/// The results of one subject while one decision is being made: what is stored, with the changes of
/// the decision over it. A stored result is copied only when it changes. Borrows state, subject and
/// study.
class SubjectDraft {
public:
    using Index = std::size_t;

    SubjectDraft(const SubjectState* state, const Subject& subject, const StudyDefinition& study);

    const SubjectCalendar& calendar() const { return calendar_; }
    const StudyDefinition& study() const { return calendar_.study(); }
    const Subject& subject() const { return calendar_.subject(); }

    /// Where a version's draw belongs. The observations of a message mostly share theirs, so the
    /// last answer is kept.
    const PlacementVerdict& place_draw(const StoredVersion& version, bool several_studies);

    std::size_t size() const { return view_.size(); }
    const ResultRecord& at(Index index) const { return *view_[index]; }
    /// As it is stored; nothing for a result of this decision.
    const ResultRecord* stored(Index index) const;
    bool is_changed(Index index) const { return stored(index) != view_[index]; }

    std::optional<Index> find(const ResultKey& key);
    /// The results of one specimen of one source, derived ones among them. Valid until the next
    /// add().
    const std::vector<Index>& of_specimen(std::string_view source,
                                          const SpecimenIdentity& specimen);

    Index add(ResultKey key);
    void insert_version(Index index, StoredVersion version);
    void replace_versions(Index index, std::vector<StoredVersion> versions);
    /// A version goes by a person's decision; the result's last one stands on emptied.
    void take_back(Index index, ObservationId id, Taken how);
    void let_go(Index index);  ///< what was moved away may be stored here again
    void place(Index index, Placement placement);
    void give_reason(Index index, Code reason);

    /// What differs from the stored state, by number.
    std::vector<ResultChange> take_changes() &&;

private:
    struct Change {
        Index index;
        ResultRecord after;
        bool value_changed = false;
        Code reason = Code::none;
    };
    struct SpecimenIndex {
        std::string source;
        SpecimenIdentity specimen;
        std::vector<Index> results;
    };
    struct LastPlaced {
        Draw draw;
        bool several_studies = false;
        PlacementVerdict verdict;
    };
    Change& change(Index index);

    SubjectCalendar calendar_;
    const SubjectState* state_;
    std::vector<const ResultRecord*> view_;
    std::deque<Change> changes_;
    std::deque<SpecimenIndex> specimens_;
    std::optional<LastPlaced> last_placed_;
    std::int64_t last_number_ = 0;
};

}  // namespace labrelay::study
