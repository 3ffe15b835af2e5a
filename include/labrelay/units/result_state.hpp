#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace labrelay::units {

/// What a study value is. Written to the study database by these words.
enum class ResultState : std::uint8_t {
    quantified,  ///< a number within the assay's range
    below_lloq,  ///< detected or reported below a limit; no number
    not_detected,
    above_uloq,
    qualitative,  ///< a word (NEG, POS …)
    no_result,    ///< the assay failed; never a number
    not_done,     ///< OBX-11 X or N
    withdrawn,    ///< OBX-11 D or W
};
std::string_view to_string(ResultState state);
std::optional<ResultState> result_state_from(std::string_view text);

}  // namespace labrelay::units
