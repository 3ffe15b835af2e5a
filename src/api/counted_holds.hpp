#pragma once

#include <map>
#include <string>

#include "labrelay/core/ids.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/read_session.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::api {

/// Messages that hold something that counts for the person, by source.
using CountedHolds = std::map<std::string, std::map<MessageId, Instant>>;
CountedHolds counted_holds(store::ReadSession& session, const views::Sight& sight, Instant since,
                           Instant until, MessageId after);

}  // namespace labrelay::api
