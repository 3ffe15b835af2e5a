#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "labrelay/store/message_list.hpp"
#include "labrelay/store/message_query.hpp"
#include "labrelay/views/shown_message.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::views {

/// Steps of a lineage as they are shown to the person: what names a result that is closed to them
/// says so and nothing else.
nlohmann::ordered_json step_json(const study::LineageStep& step, const ShownMessage& message,
                                 const Sight& sight);

/// One line of a list.
nlohmann::ordered_json message_json(const store::LedgerMessage& message);
/// A message of a list as the person sees it: what is closed to them neither counts in it nor holds
/// it.
void keep_open(store::LedgerMessage& message, std::span<const store::AnalyteCount> lines,
               const Sight& sight);
/// The page of a message, without repairs.
nlohmann::ordered_json message_json(const store::MessageDetail& detail, const ShownMessage& shown,
                                    const Sight& sight);

}  // namespace labrelay::views
