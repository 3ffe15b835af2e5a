#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace labrelay::crypto {

/// 32 secret bytes that are wiped when they go. Copying is allowed and explicit in the type; never
/// print it.
class SecretKey {
public:
    static constexpr std::size_t kSize = 32;

    SecretKey() = default;
    explicit SecretKey(const std::array<std::uint8_t, kSize>& bytes) : bytes_(bytes) {}
    SecretKey(const SecretKey&) = default;
    SecretKey& operator=(const SecretKey&) = default;
    ~SecretKey();

    const std::uint8_t* data() const { return bytes_.data(); }

    static SecretKey random();
    /// A key for one purpose (`raw`, `names` …), so that no key serves two algorithms.
    /// Deterministic.
    SecretKey derive(std::string_view purpose) const;

private:
    std::array<std::uint8_t, kSize> bytes_{};
};

}  // namespace labrelay::crypto
