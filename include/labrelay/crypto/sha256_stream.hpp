#pragma once

#include <memory>
#include <string_view>

#include "labrelay/crypto/digest.hpp"

namespace labrelay::crypto {

/// SHA-256 (FIPS 180-4) of bytes that come in pieces; how they were cut does not matter. One
/// thread at a time. A failing library is a fault and throws.
class Sha256Stream {
public:
    Sha256Stream();
    Sha256Stream(Sha256Stream&&) noexcept;
    Sha256Stream& operator=(Sha256Stream&&) noexcept;
    ~Sha256Stream();

    void add(std::string_view bytes);
    /// Once, at the end.
    Sha256 finish();

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

}  // namespace labrelay::crypto
