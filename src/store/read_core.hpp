#pragma once

#include "connection.hpp"
#include "labrelay/crypto/secret_key.hpp"
#include "labrelay/store/read_session.hpp"
#include "raw_codec.hpp"
#include "read_transaction.hpp"
#include "result_publisher.hpp"
#include "terms.hpp"

namespace labrelay::store {

struct ReadSession::Core {
    explicit Core(const DataDirectory& directory);

    std::unique_ptr<Connection> connection;
    Connection& database;
    Terms terms;
    Specimens specimens;
    RawCodec codec;
    crypto::SecretKey results_key;
    ResultPublisher publisher;

    const std::string& term(std::int64_t id) { return terms.text(database, id); }
};

}  // namespace labrelay::store
