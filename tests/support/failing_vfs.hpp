#pragma once

#include <cstdint>
#include <string>

namespace labrelay::test_support {

/// A file layer of SQLite on top of the default one whose n-th changing call (write, sync,
/// truncate) fails, and every later one too until it is repaired: a disk that is full or broken.
/// Registered under `name()` for as long as it lives; one test at a time.
class FailingVfs {
public:
    FailingVfs();
    FailingVfs(const FailingVfs&) = delete;
    FailingVfs& operator=(const FailingVfs&) = delete;
    ~FailingVfs();

    const std::string& name() const { return name_; }
    /// From the `nth` changing call on (1: the next), calls fail with this result code of SQLite.
    void fail_from(std::int64_t nth, int code);
    void repair();
    bool has_failed() const;

private:
    std::string name_ = "labrelay-failing";
};

}  // namespace labrelay::test_support
