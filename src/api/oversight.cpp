#include "labrelay/api/oversight.hpp"

#include "labrelay/store/approval_desk.hpp"
#include "reading.hpp"

namespace labrelay::api {

bool StoredFourEyes::required(std::string_view action) {
    return with_reads(services_, [&](store::ReadSession& session) {
        return store::needs_four_eyes(session, action);
    });
}

}  // namespace labrelay::api
