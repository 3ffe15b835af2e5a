#pragma once

#include <map>
#include <set>
#include <string>
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
};

/// What a batch comes to.
struct RedcapPlan {
    std::vector<delivery::Preparation::Each> each;  ///< of the deliveries, in their order
    std::vector<RedcapRow> rows;                    ///< to import: only what changes
    bool blanks = false;  ///< something is to be erased, which `overwriteBehavior=normal` does not
};

/// Decides for each result of a batch where it stands, what changes there, and what is refused
/// instead: an unknown record, a visit without an event, a word without a code, a value that the
/// site edited since we wrote it. A result keeps its instance for life; a new one gets the next
/// number that neither the project nor an earlier delivery uses. Pure.
class RedcapPlanner {
public:
    /// `map` and `project` outlive it. `records` are the batch's, as exported.
    RedcapPlanner(const study::RedcapMap& map, const RedcapProject& project, RedcapRecords records)
        : map_(map), project_(project), there_(std::move(records)) {}

    /// `wanted`: of the delivery's results, in their order. In the order of the batch.
    void add(const delivery::Delivery& delivery, const std::vector<RedcapWanted>& wanted);
    RedcapPlan finish();

private:
    using Each = delivery::Preparation::Each;
    using Standings = delivery::SubjectStandings;

    void place(const RedcapWanted& wanted, const Standings& standings, Each& each);
    void write(const study::RedcapResult& map, const RedcapWanted& wanted, const RedcapPlace& place,
               RedcapFields fields, const Standings& standings, Each& each);
    bool vacate(const RedcapWanted& wanted, const Standings& standings, Each& each);
    RedcapPlace place_of(const study::RedcapResult& map, const RedcapWanted& wanted,
                         const std::string& event, const Standings& standings) const;
    void change(const RedcapPlace& place, const std::string& field, const std::string& value);
    void refuse(const RedcapWanted& wanted, Code rule, std::string why, Each& each);
    std::string here(const RedcapPlace& place, const std::string& field) const;

    const study::RedcapMap& map_;
    const RedcapProject& project_;
    RedcapRecords there_;
    std::map<RedcapPlace, RedcapFields> changes_;
    std::map<std::pair<RedcapPlace, std::string>, std::int64_t> claimed_;  ///< field -> result
    std::map<std::pair<std::string, std::int64_t>, RedcapPlace> given_;    ///< places of this batch
    RedcapPlan plan_;
};

}  // namespace labrelay::targets
