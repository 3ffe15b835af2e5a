#include "labrelay/crypto/aead.hpp"

#include <sodium.h>

#include "sodium.hpp"

namespace labrelay::crypto {
namespace {

constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace

std::string seal(const SecretKey& key, std::string_view plain, std::string_view associated) {
    start_sodium();
    std::string sealed(kNonce + plain.size() + kTag, '\0');
    unsigned char* out = bytes_of(sealed);
    randombytes_buf(out, kNonce);
    unsigned long long written = 0;
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + kNonce, &written, bytes_of(plain),
                                               plain.size(), bytes_of(associated),
                                               associated.size(), nullptr, out, key.data());
    return sealed;
}

std::optional<std::string> open_sealed(const SecretKey& key, std::string_view sealed,
                                       std::string_view associated) {
    if (sealed.size() < kNonce + kTag) return std::nullopt;
    start_sodium();
    std::string plain(sealed.size() - kNonce - kTag, '\0');
    unsigned long long written = 0;
    const unsigned char* in = bytes_of(sealed);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(bytes_of(plain), &written, nullptr, in + kNonce,
                                                   sealed.size() - kNonce, bytes_of(associated),
                                                   associated.size(), in, key.data()) != 0)
        return std::nullopt;
    return plain;
}

}  // namespace labrelay::crypto
