#include "labrelay/app/lock_request.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace labrelay::app {
namespace {

using nlohmann::json;
using Decision = store::LockDesk::Decision;

constexpr std::array<std::pair<Decision, std::string_view>, 3> kDecisions{{
    {Decision::authorise, "authorise"},
    {Decision::forward, "forward"},
    {Decision::not_apply, "document"},
}};

/// A request's fields are texts; what is missing is empty.
template <class Read>
auto read_request(std::string_view text, const Read& read) -> decltype(read(json())) {
    const json value = json::parse(text, nullptr, false);
    if (!value.is_object()) {
        return fail(Code::usage, Place{"request"}, "it is no JSON object");
    }
    try {
        return read(value);
    } catch (const json::exception&) {
        return fail(Code::usage, Place{"request"}, "a field is not of its form");
    }
}

}  // namespace

std::string to_json(const LockRequest& request) {
    const json value = {{"action", study::to_string(request.action)},
                        {"study", request.study},
                        {"subject", request.subject},
                        {"visit", request.visit},
                        {"by", request.by},
                        {"reason", request.reason},
                        {"accept", request.accept},
                        {"sign", request.sign}};
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<LockRequest> lock_request_from(std::string_view text) {
    return read_request(text, [](const json& value) -> Result<LockRequest> {
        LockRequest request;
        const auto action = study::lock_action_from(value.value("action", ""));
        if (!action) {
            return fail(Code::usage, Place{"action"}, "freeze, unfreeze, lock or unlock");
        }
        request.action = *action;
        request.study = value.value("study", "");
        request.subject = value.value("subject", "");
        request.visit = value.value("visit", "");
        request.by = value.value("by", "");
        request.reason = value.value("reason", "");
        request.accept = value.value("accept", std::vector<std::string>{});
        request.sign = value.value("sign", "");
        return request;
    });
}

std::string to_json(const PostLockRequest& request) {
    std::string_view decision;
    for (const auto& [known, text] : kDecisions) {
        decision = known == request.decision ? text : decision;
    }
    const json value = {{"decision", decision}, {"items", request.items},   {"seen", request.seen},
                        {"by", request.by},     {"reason", request.reason}, {"sign", request.sign}};
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<PostLockRequest> post_lock_request_from(std::string_view text) {
    return read_request(text, [](const json& value) -> Result<PostLockRequest> {
        PostLockRequest request;
        bool known = false;
        for (const auto& [decision, word] : kDecisions) {
            if (word == value.value("decision", "")) {
                request.decision = decision;
                known = true;
            }
        }
        if (!known) {
            return fail(Code::usage, Place{"decision"}, "authorise, forward or document");
        }
        request.items = value.value("items", std::vector<std::int64_t>{});
        request.seen = value.value("seen", std::vector<std::string>{});
        request.by = value.value("by", "");
        request.reason = value.value("reason", "");
        request.sign = value.value("sign", "");
        return request;
    });
}

}  // namespace labrelay::app
