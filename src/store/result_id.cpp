#include "result_id.hpp"

#include "labrelay/crypto/keyed_hash.hpp"

namespace labrelay::store {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

// Five bits a character from the left; the last one carries the remaining three.
std::string base32(const crypto::KeyedHash& hash) {
    std::string text;
    unsigned buffer = 0;
    unsigned bits = 0;
    for (const std::uint8_t byte : hash) {
        buffer = (buffer << 8U) | byte;
        bits += 8;
        for (; bits >= 5; bits -= 5) text += kDigits[(buffer >> (bits - 5)) & 31U];
        buffer &= (1U << bits) - 1U;
    }
    if (bits > 0) text += kDigits[(buffer << (5 - bits)) & 31U];
    return text;
}

}  // namespace

std::string result_id(const crypto::SecretKey& key, std::string_view study,
                      std::string_view stable_key, const study::ResultKey& identity) {
    return base32(crypto::keyed_hash(
        key,
        {study, stable_key, identity.source, identity.specimen.order, identity.specimen.specimen_id,
         identity.specimen.collected, identity.code, identity.sub_id, identity.derived}));
}

}  // namespace labrelay::store
