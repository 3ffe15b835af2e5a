#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <new>

#include "byte_stream.hpp"
#include "tls_context.hpp"

namespace labrelay::transport {
namespace {

constexpr std::chrono::milliseconds kGoodbye{1'000};

struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};
struct FreeX509 {
    void operator()(X509* certificate) const { X509_free(certificate); }
};

/// OpenSSL between two buffers in memory, our own calls on the socket: so it never blocks, raises
/// no signal, and every wait has its deadline and can be stopped.
class TlsStream final : public ByteStream {
public:
    TlsStream(const TlsContext& context, int socket)
        : socket_(socket), ssl_(SSL_new(context.impl().poco->sslContext())) {
        if (!ssl_) {
            throw std::bad_alloc();
        }
        incoming_ = BIO_new(BIO_s_mem());
        outgoing_ = BIO_new(BIO_s_mem());
        SSL_set_bio(ssl_.get(), incoming_, outgoing_);  // owns both from here on
    }

    SSL* ssl() { return ssl_.get(); }

    /// `closed` and `failed` leave OpenSSL's errors on the thread.
    SocketEvent shake_hands(int stop_signal, SteadyTime deadline) {
        for (;;) {
            ERR_clear_error();
            const int done = SSL_do_handshake(ssl_.get());
            const int why = SSL_get_error(ssl_.get(), done);
            // Also what a failed handshake has to say: the alert names the reason to the peer.
            const SocketEvent flushed = flush(deadline);
            if (done != 1 && why != SSL_ERROR_WANT_READ) {
                return SocketEvent::failed;
            }
            if (done == 1 || flushed != SocketEvent::ready) {
                return flushed;
            }
            const SocketEvent waited = wait_readable(socket_, stop_signal, deadline);
            if (waited != SocketEvent::ready) {
                return waited;
            }
            const SocketEvent came = receive();
            if (came == SocketEvent::closed || came == SocketEvent::failed) {
                return came;
            }
        }
    }

    SocketEvent wait(int stop_signal, SteadyTime deadline) override {
        // What OpenSSL holds already makes no socket readable.
        return more_here_ ? SocketEvent::ready : wait_readable(socket_, stop_signal, deadline);
    }

    ReadOutcome read(std::span<char> buffer) override {
        for (;;) {
            ERR_clear_error();
            std::size_t size = 0;
            const int done = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &size);
            if (done == 1) {
                more_here_ = true;
                return {SocketEvent::ready, size};
            }
            more_here_ = false;
            const int why = SSL_get_error(ssl_.get(), done);
            if (why == SSL_ERROR_ZERO_RETURN) {
                return {SocketEvent::closed, 0};
            }
            flush(std::chrono::steady_clock::now());
            if (why != SSL_ERROR_WANT_READ) {
                return {SocketEvent::failed, 0};
            }
            const SocketEvent came = receive();
            if (came != SocketEvent::ready) {
                return {came, 0};
            }
        }
    }

    SocketEvent write(std::string_view bytes, SteadyTime deadline) override {
        while (!bytes.empty()) {
            ERR_clear_error();
            constexpr std::size_t kRecord = std::size_t{16} * 1024;
            const std::string_view piece = bytes.substr(0, kRecord);
            std::size_t written = 0;
            if (SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &written) != 1) {
                return SocketEvent::failed;  // a buffer in memory is never full
            }
            bytes.remove_prefix(written);
            const SocketEvent flushed = flush(deadline);
            if (flushed != SocketEvent::ready) {
                return flushed;
            }
        }
        return SocketEvent::ready;
    }

    void end_writing() override {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
        flush(std::chrono::steady_clock::now() + kGoodbye);
        ::shutdown(socket_, SHUT_WR);
    }

private:
    SocketEvent receive() {
        const ReadOutcome read = read_available(socket_, buffer_);
        if (read.event == SocketEvent::ready) {
            BIO_write(incoming_, buffer_.data(), static_cast<int>(read.size));
        }
        return read.event;
    }

    SocketEvent flush(SteadyTime deadline) {
        for (;;) {
            const int size = BIO_read(outgoing_, buffer_.data(), static_cast<int>(buffer_.size()));
            if (size <= 0) {
                return SocketEvent::ready;
            }
            const SocketEvent event =
                write_all(socket_, {buffer_.data(), static_cast<std::size_t>(size)}, deadline);
            if (event != SocketEvent::ready) {
                return event;
            }
        }
    }

    int socket_;
    std::unique_ptr<SSL, FreeSsl> ssl_;
    BIO* incoming_ = nullptr;
    BIO* outgoing_ = nullptr;
    bool more_here_ = true;  // a record may have come with the handshake's last one
    std::array<char, std::size_t{32} * 1024> buffer_{};
};

struct FreeBio {
    void operator()(BIO* bio) const { BIO_free(bio); }
};

std::string subject_of(const X509* certificate) {
    const std::unique_ptr<BIO, FreeBio> text(BIO_new(BIO_s_mem()));
    // Names are UTF-8 and stay readable.
    constexpr auto kReadable = static_cast<unsigned long>(XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    if (!text ||
        X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, kReadable) < 0) {
        return {};
    }
    std::string subject(BIO_ctrl_pending(text.get()), '\0');
    const int read = BIO_read(text.get(), subject.data(), static_cast<int>(subject.size()));
    subject.resize(static_cast<std::size_t>(std::max(read, 0)));
    return subject;
}

std::optional<Instant> expiry_of(const X509* certificate) {
    std::tm utc{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &utc) != 1) {
        return std::nullopt;
    }
    return Instant{std::int64_t{::timegm(&utc)} * 1'000'000};
}

Result<SecureStream> shaken(std::unique_ptr<TlsStream> stream, int stop_signal,
                            SteadyTime deadline) {
    switch (stream->shake_hands(stop_signal, deadline)) {
        case SocketEvent::ready:
            break;
        case SocketEvent::timed_out:
        case SocketEvent::stopped:
            return fail(Code::handshake_timeout, {}, "the TLS handshake was not finished");
        case SocketEvent::closed:
            return fail(Code::handshake_failed, {}, "the peer closed the connection");
        case SocketEvent::failed: {
            const long verdict = SSL_get_verify_result(stream->ssl());
            std::string why = last_tls_error();
            if (verdict != X509_V_OK) {
                why += std::string(": ") + X509_verify_cert_error_string(verdict);
            }
            return fail(Code::handshake_failed, {}, std::move(why));
        }
    }
    SecureStream secure;
    const std::unique_ptr<X509, FreeX509> certificate(SSL_get1_peer_certificate(stream->ssl()));
    if (certificate && SSL_get_verify_mode(stream->ssl()) != SSL_VERIFY_NONE) {
        secure.peer_certificate = sha256_of(certificate.get());
        secure.peer_subject = subject_of(certificate.get());
        secure.peer_expires = expiry_of(certificate.get());
    }
    secure.stream = std::move(stream);
    return secure;
}

}  // namespace

Result<SecureStream> accept_tls(const TlsContext& context, int socket, int stop_signal,
                                SteadyTime deadline) {
    auto stream = std::make_unique<TlsStream>(context, socket);
    SSL_set_accept_state(stream->ssl());
    return shaken(std::move(stream), stop_signal, deadline);
}

Result<SecureStream> connect_tls(const TlsContext& context, int socket, const std::string& host,
                                 int stop_signal, SteadyTime deadline) {
    auto stream = std::make_unique<TlsStream>(context, socket);
    SSL* const ssl = stream->ssl();
    SSL_set_connect_state(ssl);
    // An address is looked for among the certificate's addresses, a name among its names.
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) != 1) {
        SSL_set1_host(ssl, host.c_str());
        // SSL_set_tlsext_host_name() without the macro's cast.
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(host.c_str()));
    }
    return shaken(std::move(stream), stop_signal, deadline);
}

}  // namespace labrelay::transport
