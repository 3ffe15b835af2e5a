#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/ids.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

struct FoundMessage {
    MessageId id;
    std::string source;
    std::string control_id;
    std::string state;
    Instant received;
};
/// By control id of any source, or by message id; newest first, at most 20.
std::vector<FoundMessage> search_messages(ReadSession& session, std::string_view text);

/// A specimen as results name it, and the newest message that has results of it.
struct FoundSpecimen {
    std::string source;
    std::string specimen;
    std::string order;
    std::optional<SubjectId> subject;
    FoundMessage message;
};
/// By specimen id or order number, whole; newest first, at most 20.
std::vector<FoundSpecimen> search_specimens(ReadSession& session, std::string_view text);

}  // namespace labrelay::store
