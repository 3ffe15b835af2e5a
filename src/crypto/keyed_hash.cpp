#include "labrelay/crypto/keyed_hash.hpp"

#include <sodium.h>

#include "sodium.hpp"

namespace labrelay::crypto {

KeyedHash keyed_hash(const SecretKey& key, std::initializer_list<std::string_view> fields) {
    start_sodium();
    crypto_generichash_state state;
    KeyedHash hash{};
    crypto_generichash_init(&state, key.data(), SecretKey::kSize, hash.size());
    for (const std::string_view field : fields) {
        std::array<unsigned char, 8> length{};
        for (std::size_t i = 0; i < length.size(); ++i)
            length[i] = static_cast<unsigned char>(field.size() >> (8 * i));
        crypto_generichash_update(&state, length.data(), length.size());
        crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(field.data()),
                                  field.size());
    }
    crypto_generichash_final(&state, hash.data(), hash.size());
    return hash;
}

std::int64_t keyed_hash_63(const SecretKey& key, std::string_view text) {
    const KeyedHash hash = keyed_hash(key, {text});
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 8; ++i) number = (number << 8) | hash[i];
    return static_cast<std::int64_t>(number >> 1);
}

}  // namespace labrelay::crypto
