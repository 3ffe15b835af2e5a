#pragma once

#include <string_view>

#include "labrelay/api/services.hpp"

namespace labrelay::api {

/// Which actions need a second person in this organisation. Thread-safe.
class FourEyes {
public:
    virtual ~FourEyes() = default;
    /// One of review::four_eyes_actions(): `mapping.publish` …
    virtual bool required(std::string_view action) = 0;
};

/// As the store says it: required unless it was switched off with a reason.
class StoredFourEyes final : public FourEyes {
public:
    explicit StoredFourEyes(const Services& services) : services_(services) {}
    bool required(std::string_view action) override;

private:
    const Services& services_;
};

}  // namespace labrelay::api
