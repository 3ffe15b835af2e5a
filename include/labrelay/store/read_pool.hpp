#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

/// Reading connections for request threads: each borrows one and gives it back. Opens as many as
/// are in use at a time, keeps a few; the directory outlives it. Thread-safe.
class ReadPool {
public:
    explicit ReadPool(const DataDirectory& directory) : directory_(directory) {}

    /// Given back when it goes out of scope; not when that is because of an exception: after a
    /// StoreFault the connection may be broken, and whoever borrows it next would inherit that.
    class Borrowed {
    public:
        Borrowed(ReadPool& pool, std::unique_ptr<ReadSession> session)
            : pool_(&pool), session_(std::move(session)) {}
        Borrowed(Borrowed&&) noexcept = default;
        Borrowed& operator=(Borrowed&&) noexcept = default;
        ~Borrowed();
        ReadSession& operator*() { return *session_; }

    private:
        ReadPool* pool_;
        std::unique_ptr<ReadSession> session_;
        int exceptions_ = std::uncaught_exceptions();
    };

    /// Errors: those of ReadSession::open.
    Result<Borrowed> borrow();

private:
    void give_back(std::unique_ptr<ReadSession> session);

    const DataDirectory& directory_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<ReadSession>> idle_;
};

}  // namespace labrelay::store
