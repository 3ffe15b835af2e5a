#include "labrelay/crypto/secret_key.hpp"

#include <sodium.h>

#include <stdexcept>

#include "sodium.hpp"

namespace labrelay::crypto {

void start_sodium() {
    static const bool started = sodium_init() >= 0;
    if (!started) throw std::runtime_error("libsodium cannot start");
}

SecretKey::~SecretKey() {
    sodium_memzero(bytes_.data(), bytes_.size());
}

SecretKey SecretKey::random() {
    start_sodium();
    SecretKey key;
    randombytes_buf(key.bytes_.data(), key.bytes_.size());
    return key;
}

SecretKey SecretKey::derive(std::string_view purpose) const {
    start_sodium();
    SecretKey derived;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): libsodium takes unsigned bytes
    const auto* text = reinterpret_cast<const unsigned char*>(purpose.data());
    crypto_generichash(derived.bytes_.data(), derived.bytes_.size(), text, purpose.size(),
                       bytes_.data(), bytes_.size());
    return derived;
}

}  // namespace labrelay::crypto
