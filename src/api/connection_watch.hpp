#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace labrelay::api {

/// Ends what takes too long to arrive. A socket's own time-out is for one read: a peer that sends a
/// byte now and then would keep a thread for ever, and a few of them the whole page. Here a header
/// or a body as a whole has a time; when it is over nothing more is read, and the connection's
/// thread goes on with an end of stream. Thread-safe.
class ConnectionWatch {
public:
    /// One connection, as long as its thread serves it; of that thread only.
    class Connection {
    public:
        Connection(ConnectionWatch& watch, int socket);
        ~Connection();
        Connection(const Connection&) = delete;
        Connection& operator=(const Connection&) = delete;

        /// What is read now must have come by then.
        void expect_within(std::chrono::milliseconds time);
        /// Nothing is read: the request is being answered.
        void expect_nothing();

    private:
        friend class ConnectionWatch;
        ConnectionWatch& watch_;
        // A descriptor of our own: the connection's may be closed, and its number another's, when
        // the time is over.
        const int socket_;
        std::optional<std::chrono::steady_clock::time_point> until_;  // guarded by the watch
    };

    ConnectionWatch();
    ~ConnectionWatch();

    /// Nothing more is waited for: who is being answered gets the answer, and the connection ends.
    void stop();

private:
    void run(const std::stop_token& stop);

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::list<Connection*> connections_;
    std::chrono::steady_clock::time_point next_;  ///< when the thread looks again
    bool stopped_ = false;
    std::jthread thread_;  // last: it uses all of the above
};

}  // namespace labrelay::api
