#pragma once

#include <memory>
#include <string>

#include "labrelay/core/time.hpp"
#include "labrelay/delivery/target.hpp"

namespace labrelay::targets {

/// A clock that moves only when it is told to.
class MovingClock final : public Clock {
public:
    Instant now() const override { return now_; }
    void advance(std::chrono::milliseconds by) {
        now_.microseconds += std::chrono::microseconds(by).count();
    }
    void set(Instant now) { now_ = now; }

private:
    Instant now_{1'790'000'000'000'000};
};

/// What can be wrong at a target. Each row of the target table has one.
enum class Trouble : std::uint8_t {
    none,
    locked,
    edited,
    unknown_subject,
    unknown_visit,
    unknown_item,
    bad_value,
    rights_lost,
    banned,
    timeout_before,  ///< no answer, and nothing was done
    timeout_after,   ///< no answer, and all of it was done
};

/// A kind of target with its server, as the target table needs it: the subject is S-004, the result
/// a CD4 count at M3. Troubles are begun and mended by the test.
class TargetBench {
public:
    virtual ~TargetBench() = default;
    virtual delivery::Target& target() = 0;
    virtual void begin(Trouble trouble) = 0;
    virtual void mend(Trouble trouble) = 0;
    /// The number that stands at the target, else the state or word; empty: nothing.
    virtual std::string stands() = 0;
    /// How many results stand there.
    virtual std::size_t results() = 0;
    /// Requests that wrote, or would have.
    virtual int writes() = 0;
};

std::unique_ptr<TargetBench> sqlite_bench();
std::unique_ptr<TargetBench> redcap_bench(const Clock& clock);
std::unique_ptr<TargetBench> rave_bench(const Clock& clock);

}  // namespace labrelay::targets
