#pragma once

#include <cstdint>
#include <string_view>

namespace labrelay::pipeline {

/// MSH-15 and MSH-16 (HL7 table 0155): when an acknowledgement is wanted. Both unsaid is original
/// mode; one of them unsaid in enhanced mode wants none.
enum class AckCondition : std::uint8_t {
    unsaid,
    always,   ///< AL
    never,    ///< NE
    error,    ///< ER: of an error or a reject only
    success,  ///< SU: of a success only
    unknown,  ///< no word of the table: the message is refused, and told so
};
AckCondition ack_condition(std::string_view field);

/// Whether an acknowledgement is sent that is positive, or that is not.
bool wants(AckCondition condition, bool positive);

}  // namespace labrelay::pipeline
