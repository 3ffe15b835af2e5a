#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "labrelay/core/result.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/targets/dataset.hpp"

namespace labrelay::targets {

// SAS transport file version 5 (SAS technical note TS-140), one data set a file, in pieces so that
// a file of any size is written in constant memory. Pure. Names have at most 8 characters, labels
// 40, texts 200 bytes of printable ASCII: what does not fit is an error and never cut. xpt.md.

constexpr int kLongestXptText = 200;  ///< bytes

/// Eight bytes: an IBM hexadecimal floating-point number. The decimal is first rounded to the
/// nearest IEEE double, which IBM's 56 bits hold exactly: that double is what a reader gets back,
/// and what SAS itself writes. Error: export-number-bad, where it is no decimal or out of range.
Result<std::string> xpt_number(std::string_view decimal);
/// SAS's missing value `.`.
std::string xpt_missing();

/// What the library and member headers say of their writer.
struct XptWriter {
    std::string version;  ///< at most 8 characters, as the next
    std::string system;
    Instant created;
    Instant modified;
};

/// All headers up to the rows. Error: export-text-bad, the place names the variable.
Result<std::string> xpt_opening(const DatasetHead& head, const XptWriter& writer);
/// Errors: export-text-bad, export-number-bad; the place is `LB row 12 LBORRES`, `number` the
/// row's from 1.
Result<std::string> xpt_row(const DatasetHead& head, const DatasetRow& row, std::int64_t number);
/// Blanks up to the next record of 80 bytes, after `records` rows.
std::string xpt_closing(const DatasetHead& head);

}  // namespace labrelay::targets
