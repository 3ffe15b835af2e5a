#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/core/time.hpp"

namespace labrelay::security {

/// One-time codes by the clock, RFC 6238: HMAC-SHA-1, steps of 30 seconds, six digits, as every
/// authenticator takes them. Secrets are raw bytes here. Thread-safe.

/// 160 unpredictable bits.
std::string make_totp_secret();
/// RFC 4648 without padding, as a person types it.
std::string base32(std::string_view bytes);
/// `otpauth://totp/labrelay:anna?secret=…&issuer=labrelay`, for a QR code.
std::string otpauth_uri(std::string_view account, std::string_view secret);

std::string totp_code(std::string_view secret, std::int64_t step, unsigned digits = 6);

/// The time step that the code belongs to: now, the one before or the one after, for clocks that
/// differ. Nothing where it fits none of them, or one that is not later than `last`, the step that
/// was used before: a code works once.
std::optional<std::int64_t> totp_step(std::string_view secret, std::string_view code, Instant now,
                                      std::int64_t last);

}  // namespace labrelay::security
