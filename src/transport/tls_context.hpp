#pragma once

#include <Poco/Net/Context.h>

#include <string>

#include "labrelay/transport/tls.hpp"

namespace labrelay::transport {

struct TlsContext::Impl {
    Poco::Net::Context::Ptr poco;
};

/// SHA-256 of a certificate's DER form, lower-case hex.
std::string sha256_of(const X509* certificate);
/// The last error that OpenSSL noted on this thread, in its words; forgets all of them.
std::string last_tls_error();

}  // namespace labrelay::transport
