#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace labrelay::sql {

/// What a failed call of a database means to its caller, whichever engine said it.
enum class FaultKind : std::uint8_t {
    busy,      ///< a lock or a time-out: the same call may succeed later
    conflict,  ///< another transaction was in the way (40001, 40P01): the whole transaction again
    refused,   ///< the database is well and refuses this data
    full,      ///< no space, memory or connection left
    lost,      ///< the disk, file or connection failed; after one at commit nothing is known
    setup,     ///< rights, password, a database or server that is not there: a person must act
    defect,    ///< a bug on our side
};

/// A database failed. The text names the constraint, the file or the server's code, never a bound
/// value.
class Fault : public std::runtime_error {
public:
    Fault(FaultKind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
    FaultKind kind() const { return kind_; }

private:
    FaultKind kind_;
};

}  // namespace labrelay::sql
