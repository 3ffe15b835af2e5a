#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "labrelay/transport/tls.hpp"

namespace labrelay::test {

/// Real certificates, made by the openssl command: a CA with a server (127.0.0.1, localhost) and a
/// client, another CA with a client of its own, and a server whose name is another's. Keys are of
/// no use to anybody.
class Certificates {
public:
    explicit Certificates(std::filesystem::path directory) : directory_(std::move(directory)) {
        const std::string script = "set -e; cd '" + directory_.string() + R"('
ca() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
         -keyout $1.key -out $1.pem; }
signed() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -keyout $2.key -out $2.csr
           printf '%s' "$3" > $2.ext
           openssl x509 -req -in $2.csr -CA $1.pem -CAkey $1.key -CAcreateserial -days 2 -extfile $2.ext -out $2.pem; }
ca ca; ca other
signed ca server 'subjectAltName=IP:127.0.0.1,DNS:localhost'
signed ca elsewhere 'subjectAltName=DNS:elsewhere.example'
signed ca client 'extendedKeyUsage=clientAuth'
signed other stranger 'extendedKeyUsage=clientAuth'
openssl x509 -in client.pem -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f > client.sha256
)";
        const std::filesystem::path file = directory_ / "make.sh";
        std::ofstream(file) << script;
        const std::string command =
            "bash '" + file.string() + "' >'" + (directory_ / "make.log").string() + "' 2>&1";
        EXPECT_EQ(std::system(command.c_str()), 0);  // NOLINT: a fixed command
    }

    std::filesystem::path file(const std::string& name) const { return directory_ / name; }
    transport::TlsFiles of(const std::string& name, const std::string& ca = "ca") const {
        return {file(name + ".pem"), file(name + ".key"), file(ca + ".pem")};
    }
    transport::TlsFiles only_ca(const std::string& ca = "ca") const {
        return {{}, {}, file(ca + ".pem")};
    }
    std::string client_digest() const {
        std::string digest;
        std::ifstream(file("client.sha256")) >> digest;
        return digest;
    }

private:
    std::filesystem::path directory_;
};

}  // namespace labrelay::test
