#pragma once

#include <string>
#include <string_view>

#include "labrelay/api/http_server.hpp"

namespace labrelay::testing {

/// An engine that is well and has nothing to do, for routes that ask nothing of it.
class IdleEngine : public api::EnginePort {
public:
    bool ready() const override { return true; }
    std::string metrics() const override { return {}; }
    Result<std::string> import_subjects(std::string_view, const store::Act&) override { return {}; }
    Result<std::string> import_specimens(std::string_view, const store::Act&) override {
        return {};
    }
    Result<std::string> resend_delivery(std::string_view, const store::Act&) override { return {}; }
    Result<std::string> change_lock(std::string_view, const store::Act&) override { return {}; }
    Result<std::string> settle_post_lock(std::string_view, const store::Act&) override {
        return {};
    }
    Result<std::string> enter_reconciliation(std::string_view, const store::Act&) override {
        return {};
    }
};

}  // namespace labrelay::testing
