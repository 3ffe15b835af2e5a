#include "labrelay/security/totp.hpp"

#include <liboath/oath.h>
#include <sodium.h>

#include <array>
#include <memory>
#include <stdexcept>

#include "labrelay/crypto/same_secret.hpp"

namespace labrelay::security {
namespace {

constexpr std::int64_t kStepUs = 30'000'000;
constexpr std::size_t kSecretBytes = 20;
constexpr std::string_view kIssuer = "labrelay";

void check(int answer) {
    if (answer != OATH_OK) {
        throw std::runtime_error(std::string("liboath: ") + oath_strerror(answer));
    }
}

void start_oath() {
    static const int started = oath_init();
    check(started);
}

/// Account names are plain, but for the `@` that they may hold.
std::string in_uri(std::string_view name) {
    std::string made;
    for (const char c : name) {
        if (c == '@') {
            made += "%40";
        } else {
            made += c;
        }
    }
    return made;
}

}  // namespace

std::string make_totp_secret() {
    if (sodium_init() < 0) {
        throw std::runtime_error("libsodium cannot start");
    }
    std::string secret(kSecretBytes, '\0');
    randombytes_buf(secret.data(), secret.size());
    return secret;
}

std::string base32(std::string_view bytes) {
    start_oath();
    char* made = nullptr;
    std::size_t length = 0;
    check(oath_base32_encode(bytes.data(), bytes.size(), &made, &length));
    const std::unique_ptr<char, void (*)(void*)> owned(made, &std::free);
    std::string text(made, length);
    while (!text.empty() && text.back() == '=') {
        text.pop_back();
    }
    return text;
}

std::string otpauth_uri(std::string_view account, std::string_view secret) {
    std::string uri = "otpauth://totp/";
    uri += kIssuer;
    uri += ':';
    uri += in_uri(account);
    uri += "?secret=";
    uri += base32(secret);
    uri += "&issuer=";
    uri += kIssuer;
    return uri;
}

std::string totp_code(std::string_view secret, std::int64_t step, unsigned digits) {
    start_oath();
    std::array<char, 12> code{};
    check(oath_hotp_generate(secret.data(), secret.size(), static_cast<std::uint64_t>(step), digits,
                             false, OATH_HOTP_DYNAMIC_TRUNCATION, code.data()));
    return code.data();
}

std::optional<std::int64_t> totp_step(std::string_view secret, std::string_view code, Instant now,
                                      std::int64_t last) {
    const std::int64_t step = now.microseconds / kStepUs;
    std::optional<std::int64_t> found;
    for (const std::int64_t tried : {step - 1, step, step + 1}) {
        if (crypto::same_secret(totp_code(secret, tried), code) && tried > last) {
            found = tried;
        }
    }
    return found;
}

}  // namespace labrelay::security
