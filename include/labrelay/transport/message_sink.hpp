#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/error_catalogue.hpp"

namespace labrelay::transport {

/// Where bytes came from, as the transport knows it. Part of a message's arrival.
struct Origin {
    std::uint16_t port = 0;    ///< the listener's; 0: no listener (a dialled analyzer, a folder)
    std::string peer;          ///< address, or the file's name: for recognition and diagnosis
    std::string certificate;   ///< SHA-256 of the verified client certificate, lower-case hex;
                               ///< empty: none
    std::uint64_t offset = 0;  ///< in the connection's bytes; of evidence only

    friend bool operator==(const Origin&, const Origin&) = default;
};

/// What the transport does with what it received. Called from connection threads, concurrently.
class MessageSink {
public:
    virtual ~MessageSink() = default;

    /// What is sent back on the same connection, in this order; nothing: nothing is sent. In
    /// enhanced mode an accept acknowledgement may be followed by an application one. `close`: the
    /// connection is closed, without an answer where the store cannot take the message.
    struct Reply {
        std::vector<std::string> messages;
        bool close = false;
        bool not_stored = false;  ///< the sender must send it again, whatever it is told
        std::string source{};     ///< that the message was recognised as; empty: none
    };
    /// Blocks until the message is committed. Must not throw.
    virtual Reply receive(std::string bytes, const Origin& origin) = 0;
    /// What receive() does, for the messages that arrived together; gives the replies in their
    /// order. This is what the server calls.
    virtual std::vector<Reply> receive_all(std::vector<std::string> messages,
                                           const Origin& origin) = 0;
    /// Evidence of a frame that is no message, or of a connection's first stray bytes: kept with
    /// peer, time and offset. Returns the reply, if any.
    virtual Reply quarantine(std::string bytes, Code why, const Origin& origin) = 0;
    /// For the log: connection-limit, connection-failed (accept), idle-timeout, stray-bytes (once a
    /// connection), write-timeout, internal. `detail` carries nothing of a message.
    virtual void on_connection_event(Code /*what*/, const std::string& /*peer*/,
                                     std::string_view /*detail*/) {}
};

}  // namespace labrelay::transport
