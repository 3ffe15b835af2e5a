#include "tls_context.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/SSLManager.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <mutex>
#include <system_error>

namespace labrelay::transport {
namespace {

using Poco::Net::Context;
namespace fs = std::filesystem;

Result<void> must_be_readable(const fs::path& file) {
    std::error_code failed;
    if (!fs::is_regular_file(file, failed)) {
        return fail(Code::tls_bad, Place{file.string()}, "there is no such file");
    }
    return {};
}

Result<void> check_files(const TlsFiles& files, bool certificate_needed, bool ca_needed) {
    if (certificate_needed && (files.certificate.empty() || files.key.empty())) {
        return fail(Code::tls_bad, {}, "certificate and key are needed (PEM files)");
    }
    if (files.certificate.empty() != files.key.empty()) {
        return fail(Code::tls_bad, {}, "certificate and key belong together");
    }
    if (ca_needed && files.ca.empty()) {
        return fail(Code::tls_bad, {}, "client certificates need the CA that signs them");
    }
    for (const fs::path* file : {&files.certificate, &files.key, &files.ca}) {
        if (!file->empty()) {
            if (Result<void> readable = must_be_readable(*file); !readable) {
                return readable;
            }
        }
    }
    return {};
}

/// POCO's defaults, tightened. The verdict on a peer's certificate is OpenSSL's own: POCO's
/// callback would let an event handler overrule it.
void harden(SSL_CTX* context, int verify) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, verify, nullptr);
}

Result<Context::Ptr> make(Context::Usage usage, const TlsFiles& files,
                          Context::VerificationMode verify) {
    static std::once_flag initialised;
    std::call_once(initialised, [] { Poco::Net::initializeSSL(); });
    Context::Params params;
    params.certificateFile = files.certificate.string();
    params.privateKeyFile = files.key.string();
    params.caLocation = files.ca.string();
    params.loadDefaultCAs = files.ca.empty();
    params.verificationMode = verify;
    params.cipherList = "HIGH:!aNULL:!eNULL:!kRSA:!SHA1:!3DES:!PSK:!SRP";
    try {
        Context::Ptr context = new Context(usage, params);
        harden(context->sslContext(), verify);
        const bool has_key = !files.key.empty();
        if (has_key && SSL_CTX_check_private_key(context->sslContext()) != 1) {
            last_tls_error();
            return fail(Code::tls_bad, Place{files.key.string()},
                        fmt::format("is not the key of {}", files.certificate.string()));
        }
        // POCO would compare a client's certificate with the client's address; the CA's word for it
        // is what counts, and a source names the certificate that it wants.
        context->enableExtendedCertificateVerification(usage == Context::TLS_CLIENT_USE);
        return context;
    } catch (const Poco::Exception& fault) {
        return fail(Code::tls_bad, Place{files.certificate.string()},
                    fmt::format("{} {}", fault.displayText(), last_tls_error()));
    }
}

}  // namespace

std::string sha256_of(const X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) {
        return {};
    }
    std::string hex;
    for (unsigned at = 0; at < size; ++at) {
        hex += fmt::format("{:02x}", digest[at]);
    }
    return hex;
}

std::string last_tls_error() {
    const unsigned long error = ERR_peek_last_error();
    ERR_clear_error();
    if (error == 0) {
        return {};
    }
    const char* reason = ERR_reason_error_string(error);
    return reason != nullptr ? reason : fmt::format("OpenSSL error {}", error);
}

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

std::string TlsContext::certificate() const {
    const X509* own = SSL_CTX_get0_certificate(impl_->poco->sslContext());
    return own == nullptr ? std::string() : sha256_of(own);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::for_server(const TlsFiles& files,
                                                                 ClientCertificate client) {
    const bool required = client == ClientCertificate::required;
    if (const Result<void> there = check_files(files, true, required); !there) {
        return tl::unexpected(there.error());
    }
    Result<Context::Ptr> context = make(Context::TLS_SERVER_USE, files,
                                        required ? Context::VERIFY_STRICT : Context::VERIFY_NONE);
    if (!context) {
        return tl::unexpected(context.error());
    }
    return std::shared_ptr<const TlsContext>(
        new TlsContext(std::make_unique<Impl>(Impl{*context})));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::for_client(const TlsFiles& files) {
    if (const Result<void> there = check_files(files, false, false); !there) {
        return tl::unexpected(there.error());
    }
    Result<Context::Ptr> context = make(Context::TLS_CLIENT_USE, files, Context::VERIFY_STRICT);
    if (!context) {
        return tl::unexpected(context.error());
    }
    return std::shared_ptr<const TlsContext>(
        new TlsContext(std::make_unique<Impl>(Impl{*context})));
}

}  // namespace labrelay::transport
