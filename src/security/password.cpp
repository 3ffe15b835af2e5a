#include "labrelay/security/password.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <semaphore>
#include <set>
#include <stdexcept>

namespace labrelay::security {
namespace {

constexpr std::size_t kShortest = 12;
constexpr std::size_t kLongestBytes = 256;
constexpr std::size_t kLeastDifferent = 5;
constexpr std::size_t kNameThatCounts = 3;

// "Interactive": 2 passes over 64 MiB, three times what OWASP asks for. "Moderate" would take
// 256 MiB a sign-in, beside an engine that receives results.
constexpr unsigned long long kPasses = crypto_pwhash_OPSLIMIT_INTERACTIVE;
constexpr std::size_t kMemory = crypto_pwhash_MEMLIMIT_INTERACTIVE;
constexpr int kAtOnce = 4;

/// What is left of common passwords when digits and marks behind them are taken off, beside
/// keyboard rows and sequences as a whole. In lower case.
constexpr std::array kCommon{
    "",
    "123456789abc",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "1qazxsw23edc",
    "abcdefghijkl",
    "abcdefghijklm",
    "admin",
    "administrator",
    "adminadmin",
    "adminadminadmin",
    "asdfghjkl",
    "asdfghjklqwertyuiop",
    "baseball",
    "changeme",
    "changemenow",
    "changemeplease",
    "correcthorsebatterystaple",
    "default",
    "defaultpassword",
    "dragon",
    "football",
    "hospital",
    "hospitalhospital",
    "iloveyou",
    "iloveyouiloveyou",
    "labor",
    "laboratory",
    "labrelay",
    "labrelaylabrelay",
    "letmein",
    "letmeinletmein",
    "liverpool",
    "mercedes",
    "michael",
    "monkey",
    "mynameis",
    "mypassword",
    "newpassword",
    "p@ssw0rd",
    "p@ssword",
    "pa$$w0rd",
    "pa$$word",
    "passw0rd",
    "passw0rdpassw0rd",
    "passwd",
    "password",
    "passwordpassword",
    "passwort",
    "princess",
    "q1w2e3r4t5y6",
    "qazwsxedcrfv",
    "qwerty",
    "qwertyqwerty",
    "qwertyui",
    "qwertyuiop",
    "qwertyuiopasdfghjkl",
    "root",
    "rootroot",
    "secret",
    "secretsecret",
    "starwars",
    "sunshine",
    "superman",
    "superuser",
    "system",
    "test",
    "testtest",
    "testtesttest",
    "trustno",
    "welcome",
    "welcomewelcome",
    "whatever",
    "woaini",
    "woaini1314520",
    "zaq12wsxcde3",
    "zxcvbnm",
};

std::string lower(std::string_view text) {
    std::string made(text);
    std::ranges::transform(made, made.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return made;
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool is_common(const std::string& folded) {
    if (std::ranges::find(kCommon, folded) != kCommon.end()) {
        return true;
    }
    const std::size_t last = folded.find_last_not_of("0123456789!?.,;:#*+-_/$%&@ ");
    return std::ranges::find(kCommon, folded.substr(0, last + 1)) != kCommon.end();
}

void start_sodium() {
    if (sodium_init() < 0) {
        throw std::runtime_error("libsodium cannot start");
    }
}

std::counting_semaphore<kAtOnce>& hashing() {
    static std::counting_semaphore<kAtOnce> turns(kAtOnce);
    return turns;
}

class Turn {
public:
    Turn() { hashing().acquire(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { hashing().release(); }
};

}  // namespace

Result<void> check_password(std::string_view password, std::string_view account) {
    const auto weak = [](std::string why) {
        return fail(Code::password_weak, Place{"password"}, std::move(why));
    };
    if (characters(password) < kShortest) {
        return weak(fmt::format("it needs {} characters or more", kShortest));
    }
    if (password.size() > kLongestBytes) {
        return weak(fmt::format("{} bytes at most", kLongestBytes));
    }
    const std::string folded = lower(password);
    if (account.size() >= kNameThatCounts && folded.find(lower(account)) != std::string::npos) {
        return weak("it holds the account's name");
    }
    if (std::set<char>(folded.begin(), folded.end()).size() < kLeastDifferent) {
        return weak("it repeats a few characters");
    }
    if (is_common(folded)) {
        return weak("it is a common password");
    }
    return {};
}

std::string hash_password(std::string_view password) {
    start_sodium();
    const Turn turn;
    std::array<char, crypto_pwhash_STRBYTES> hash{};
    if (crypto_pwhash_str_alg(hash.data(), password.data(), password.size(), kPasses, kMemory,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        throw std::runtime_error("no memory to hash a password");
    }
    return hash.data();
}

bool password_fits(std::string_view hash, std::string_view password) {
    static const std::string kNobodys = hash_password(make_password());
    const bool somebody = !hash.empty();
    const std::string asked(somebody ? hash : std::string_view(kNobodys));
    const Turn turn;
    const bool fits =
        crypto_pwhash_str_verify(asked.c_str(), password.data(), password.size()) == 0;
    return fits && somebody;
}

bool is_outdated(std::string_view hash) {
    return crypto_pwhash_str_needs_rehash(std::string(hash).c_str(), kPasses, kMemory) != 0;
}

std::string make_password() {
    constexpr std::string_view kLetters = "abcdefghijkmnpqrstuvwxyz23456789";
    constexpr std::size_t kLength = 20;
    start_sodium();
    std::string made;
    for (std::size_t index = 0; index < kLength; ++index) {
        made += kLetters[randombytes_uniform(static_cast<std::uint32_t>(kLetters.size()))];
    }
    return made;
}

}  // namespace labrelay::security
