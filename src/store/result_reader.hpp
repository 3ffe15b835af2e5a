#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/study/state.hpp"
#include "sqlite/connection.hpp"
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

private:
    study::ResultRecord read_record(SubjectId subject, const Query& row,
                                    std::int64_t delivered_upto);
    std::vector<study::StoredVersion> derived_versions(SubjectId subject, std::int64_t number);
    std::int64_t delivered_upto(SubjectId subject);

    Connection& database_;
    Terms& terms_;
    Specimens& specimens_;
};

}  // namespace labrelay::store
