#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "labrelay/delivery/target.hpp"
#include "labrelay/targets/redcap_rows.hpp"

namespace labrelay::targets {

/// What is known of the records of a batch before it is written.
struct RedcapRecords {
    std::set<std::string> known;               ///< records that exist
    std::map<RedcapPlace, RedcapFields> rows;  ///< what stands there
};

/// One result as it is to stand at the project.
struct RedcapWanted {
    delivery::DeliveredResult const* result = nullptr;
    LabRow row;
    bool forwarded = true;

    /// No laboratory's, but made of other results.
    bool is_computed() const { return !result->record.key.derived.empty(); }
};

/// What is written together or not at all: the changes of one result, at its old place and at its
/// new one, and of those that meet it in a field.
struct RedcapPart {
    std::vector<RedcapRow> rows;  ///< only what changes
};

/// How one result of a delivery is sent.
struct RedcapSent {
    std::size_t part = 0;  ///< of the plan's
    /// Computed results whose fields it takes; they stand nowhere once it is written.
    std::vector<delivery::Standing> displaced = {};
};

/// What a batch comes to.
struct RedcapPlan {
    std::vector<delivery::Preparation::Each> each;         ///< of the deliveries, in their order
    std::vector<std::map<std::int64_t, RedcapSent>> sent;  ///< likewise, by the result's number
    std::vector<RedcapPart> parts;                         ///< to import
    bool blanks = false;  ///< something is to be erased, which `overwriteBehavior=normal` does not
};

/// Decides for each result of a batch where it stands, what changes there, and what is refused
/// instead: an unknown record, a visit without an event, a word without a code, a value that the
/// site edited since we wrote it, a field that another result holds. A result keeps its instance
/// for life; a new one gets the next number that neither the project nor an earlier delivery uses.
/// Fields that an event has once hold what the laboratory reported; a computed result of the same
/// analyte gives way to it. Pure.
class RedcapPlanner {
public:
    /// `map` and `project` outlive it. `records` are the batch's, as exported.
    RedcapPlanner(const study::RedcapMap& map, const RedcapProject& project, RedcapRecords records)
        : map_(map), project_(project), there_(std::move(records)) {}

    /// `wanted`: of the delivery's results, in their order. In the order of the batch. `delivery`
    /// outlives it.
    void add(const delivery::Delivery& delivery, std::vector<RedcapWanted> wanted);
    RedcapPlan finish();

private:
    using Each = delivery::Preparation::Each;
    using Standings = delivery::SubjectStandings;
    using ResultKey = std::pair<std::string, std::int64_t>;  ///< subject, number

    /// One delivery of the batch, and what becomes of it.
    struct Told {
        const delivery::Delivery* delivery = nullptr;
        std::vector<RedcapWanted> wanted;
        Each each = {};
        std::map<std::int64_t, RedcapSent> sent = {};

        const Standings& standings() const { return delivery->standings; }
    };
    /// What a field becomes, and the results that ask for it.
    struct Change {
        std::string value;
        std::set<ResultKey> of;
        bool ties = true;  ///< the results go together; not where each may set it by itself
    };
    enum class Vacated : std::uint8_t { refused, changes, nothing_to_do };
    /// Who else has the fields of a result.
    struct Rivals {
        std::string field;  ///< one that is another's; empty: none
        std::vector<delivery::Standing> displaced;
    };

    void place(const RedcapWanted& wanted, Told& told);
    void write(const study::RedcapResult& map, const RedcapWanted& wanted, const RedcapPlace& place,
               const RedcapFields& fields, Told& told);
    std::optional<RedcapFields> changed_fields(const study::RedcapResult& map,
                                               const RedcapWanted& wanted, const RedcapPlace& place,
                                               const RedcapFields& fields, Told& told);
    Vacated vacate(const RedcapWanted& wanted, Told& told);
    RedcapPlace place_of(const study::RedcapResult& map, const RedcapWanted& wanted,
                         const std::string& event, const Standings& standings) const;
    bool belongs(const RedcapWanted& wanted) const;
    bool stays_at(const RedcapWanted& other, const RedcapPlace& place,
                  const Standings& standings) const;
    bool gives_way(const RedcapWanted& wanted, const RedcapPlace& place, const RedcapFields& fields,
                   const Standings& standings) const;
    Rivals rivals_of(const RedcapWanted& wanted, const RedcapPlace& place,
                     const RedcapFields& fields, const Standings& standings) const;
    /// Of what was written, what stands at the place after what was planned so far, but for
    /// `number`.
    std::vector<const delivery::Standing*> others_at(const RedcapPlace& place,
                                                     const std::string& subject,
                                                     std::int64_t number,
                                                     const Standings& standings) const;
    const RedcapWanted* in_batch(const ResultKey& key) const;
    void change(const ResultKey& key, const RedcapPlace& place, const std::string& field,
                const std::string& value);
    void complete(const ResultKey& key, const RedcapPlace& place, const std::string& instrument,
                  const std::string& value);
    /// True where the batch changes the field; then the result goes with those that do.
    bool join(const ResultKey& key, const RedcapPlace& place, const std::string& field);
    bool is_changing(const RedcapPlace& place, const std::string& field) const;
    void refuse(const RedcapWanted& wanted, Code rule, std::string why, Each& each);
    std::string here(const RedcapPlace& place, const std::string& field) const;
    void make_parts();

    const study::RedcapMap& map_;
    const RedcapProject& project_;
    RedcapRecords there_;
    std::vector<Told> batch_;
    std::map<RedcapPlace, std::map<std::string, Change>> changes_;
    std::map<std::pair<RedcapPlace, std::string>, std::int64_t> claimed_;  ///< field -> result
    std::map<ResultKey, RedcapPlace> given_;                               ///< of this batch
    std::set<ResultKey> gone_;  ///< taken from their places by this batch
    RedcapPlan plan_;
};

}  // namespace labrelay::targets
