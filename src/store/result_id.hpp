#pragma once

#include <string>
#include <string_view>

#include "labrelay/crypto/secret_key.hpp"
#include "labrelay/study/state.hpp"

namespace labrelay::store {

/// The name of a result in the study database, 26 characters of base 32: a keyed hash of its
/// identity, so that it neither depends on the order of arrival nor tells the identity.
/// `stable_key` is the subject's as first registered.
std::string result_id(const crypto::SecretKey& key, std::string_view study,
                      std::string_view stable_key, const study::ResultKey& identity);

}  // namespace labrelay::store
