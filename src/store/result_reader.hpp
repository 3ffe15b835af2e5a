#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "labrelay/study/state.hpp"
#include "terms.hpp"

namespace labrelay::store {

/// `<message>.<ordinal>` by blanks: how lists of observations stand in the store.
std::string pack_ids(const std::vector<ObservationId>& ids);
std::vector<ObservationId> unpack_ids(std::string_view text);

/// Reads results with their versions from any connection. Borrowed parts must outlive it.
class ResultReader {
public:
    ResultReader(Connection& database, Terms& terms, Specimens& specimens)
        : database_(database), terms_(terms), specimens_(specimens) {}

    study::SubjectState subject(SubjectId id);
    std::optional<study::ResultRecord> record(SubjectId subject, std::int64_t number);
    /// Nothing where no such observation is there.
    std::optional<study::StoredVersion> version(ObservationId id);
    /// By its packed inputs, also one that is no version any more.
    std::optional<study::StoredVersion> derived_version(SubjectId subject, std::int64_t number,
                                                        std::string_view inputs);
    /// Which result of the subject has the observation as a version.
    std::optional<std::int64_t> number_of(SubjectId subject, ObservationId id);

private:
    /// Versions that were read ahead, because asking for each costs a round trip.
    struct Ahead {
        std::map<ObservationId, study::StoredVersion> current;
        std::map<std::int64_t, std::vector<study::StoredVersion>> derived;
    };
    Ahead read_ahead(SubjectId subject);
    study::ResultRecord read_record(SubjectId subject, const Query& row,
                                    std::int64_t delivered_upto, Ahead& ahead);
    std::vector<study::StoredVersion> versions_of(const study::ResultRecord& record,
                                                  const Query& row, Ahead& ahead);
    study::StoredVersion read_derived(const Query& row, int first);
    std::vector<study::StoredVersion> derived_versions(SubjectId subject, std::int64_t number);
    std::int64_t delivered_upto(SubjectId subject);

    Connection& database_;
    Terms& terms_;
    Specimens& specimens_;
};

}  // namespace labrelay::store
