#include "labrelay/crypto/sha256_stream.hpp"

#include <openssl/evp.h>

#include <stdexcept>

namespace labrelay::crypto {
namespace {

void check(int answer) {
    if (answer != 1) {
        throw std::runtime_error("OpenSSL refused to compute SHA-256");
    }
}

}  // namespace

struct Sha256Stream::Context {
    struct Free {
        void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> digest{EVP_MD_CTX_new()};
};

Sha256Stream::Sha256Stream() : context_(std::make_unique<Context>()) {
    check(EVP_DigestInit_ex(context_->digest.get(), EVP_sha256(), nullptr));
}
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;
Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::add(std::string_view bytes) {
    check(EVP_DigestUpdate(context_->digest.get(), bytes.data(), bytes.size()));
}

Sha256 Sha256Stream::finish() {
    Sha256 digest{};
    check(EVP_DigestFinal_ex(context_->digest.get(), digest.data(), nullptr));
    return digest;
}

}  // namespace labrelay::crypto
