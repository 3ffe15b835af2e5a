#include "labrelay/crypto/same_secret.hpp"

#include <sodium.h>

namespace labrelay::crypto {

bool same_secret(std::string_view left, std::string_view right) {
    return left.size() == right.size() &&
           sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace labrelay::crypto
