#pragma once

#include <cstdint>

#include "labrelay/api/live_streams.hpp"
#include "labrelay/api/services.hpp"

namespace labrelay::api {

enum class EventNames : std::uint8_t {
    none,  ///< traffic alone, as events without a name
    all,   ///< traffic, engine, problems, job
};

/// Server-sent events of what is new, looked for every second; ends by itself after less than half
/// a minute, and the client connects again. The first of a stream says how the engine is, how many
/// problems are open, and which repairs run or ended within the last minute; after that only what
/// has changed. Problems and jobs go to whoever may see them where they are listed.
Response event_stream(const Services& services, const Request& request, LiveStreams& streams,
                      EventNames names);

}  // namespace labrelay::api
