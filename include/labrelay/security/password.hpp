#pragma once

#include <string>
#include <string_view>

#include "labrelay/core/result.hpp"

namespace labrelay::security {

/// Whether a password may be chosen: 12 characters or more, at most 256 bytes, not a common one
/// (also with digits and marks behind it), not made of a few characters, without the account's
/// name. No rules about kinds of characters: they make passwords worse. Errors: password-weak, with
/// what is wrong in words.
Result<void> check_password(std::string_view password, std::string_view account);

/// Argon2id as libsodium writes it, with its own salt and parameters. Takes 64 MiB and some tens of
/// milliseconds; a few run at a time, the others wait, so that a flood of sign-ins does not take
/// the memory of the engine. Thread-safe; so are the others.
std::string hash_password(std::string_view password);

/// An empty hash (an account that is not there or has no password) fits nothing and takes as long.
bool password_fits(std::string_view hash, std::string_view password);

/// Made with other parameters than those of today: hash it again while the password is at hand.
bool is_outdated(std::string_view hash);

/// A password for the first sign-in, said once: 20 characters that are not taken for one another.
std::string make_password();

}  // namespace labrelay::security
