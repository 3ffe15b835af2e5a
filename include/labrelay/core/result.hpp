#pragma once

#include <tl/expected.hpp>

#include "labrelay/core/finding.hpp"

namespace labrelay {

/// What a function returns whose failure is expected: a value, or the Error that says what, where
/// and what to do. Faults (a full disk, a bug) are exceptions and are caught at one boundary.
template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Code code, Place place = {}, std::string detail = {}) {
    return tl::unexpected<Error>(Error{code, std::move(place), std::move(detail)});
}

}  // namespace labrelay
