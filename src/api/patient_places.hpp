#pragma once

#include <map>
#include <mutex>
#include <string>

#include "labrelay/store/message_query.hpp"
#include "labrelay/views/message_mask.hpp"

namespace labrelay::api {

/// Where a message may say whose it is: as its source was configured whenever it was processed, and
/// as it is configured now. What was an identifier when it came is one still. A configuration that
/// is not in the store any more counts as one that reads patients where any source does today.
/// Remembers what it loaded; thread-safe.
class PatientPlaces {
public:
    views::FieldPlaces of(store::ReadSession& session, const store::MessageDetail& detail,
                          const views::Sight& sight);

private:
    /// Of one source, in the configuration of this hash.
    views::FieldPlaces then(store::ReadSession& session, const std::string& hash,
                            const std::string& source, const views::Sight& sight);

    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const mapping::Configuration>> loaded_;
};

}  // namespace labrelay::api
