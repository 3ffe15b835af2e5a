#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "labrelay/study/overlay.hpp"

namespace labrelay::store {

/// The overlays of a message that hold, and those that were ended since it was processed; the
/// oldest first. From any connection.
std::vector<study::Overlay> read_overlays(Connection& database, MessageId message);

/// The message was processed with all of its overlays: none of them is news to it any more.
void settle_overlays(Connection& database, MessageId message);

/// What a decision says beside its kind, as column `value` keeps it, and back.
std::string overlay_value(const study::Overlay& overlay);
study::Overlay overlay_from(study::OverlayKind kind, std::string_view value);

}  // namespace labrelay::store
