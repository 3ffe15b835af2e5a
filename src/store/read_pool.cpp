#include "labrelay/store/read_pool.hpp"

namespace labrelay::store {
namespace {

constexpr std::size_t kIdle = 8;

}  // namespace

ReadPool::Borrowed::~Borrowed() {
    if (session_ && std::uncaught_exceptions() <= exceptions_) {
        pool_->give_back(std::move(session_));
    }
}

Result<ReadPool::Borrowed> ReadPool::borrow() {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            std::unique_ptr<ReadSession> session = std::move(idle_.back());
            idle_.pop_back();
            return Borrowed(*this, std::move(session));
        }
    }
    Result<ReadSession> opened = ReadSession::open(directory_);
    if (!opened) return tl::unexpected(opened.error());
    return Borrowed(*this, std::make_unique<ReadSession>(std::move(*opened)));
}

void ReadPool::give_back(std::unique_ptr<ReadSession> session) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kIdle) idle_.push_back(std::move(session));
}

}  // namespace labrelay::store
