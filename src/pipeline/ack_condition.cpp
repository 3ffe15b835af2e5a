#include "labrelay/pipeline/ack_condition.hpp"

#include <array>

namespace labrelay::pipeline {
namespace {

struct Word {
    std::string_view text;
    AckCondition condition;
};
constexpr std::array kWords{Word{"", AckCondition::unsaid}, Word{"AL", AckCondition::always},
                            Word{"NE", AckCondition::never}, Word{"ER", AckCondition::error},
                            Word{"SU", AckCondition::success}};

}  // namespace

AckCondition ack_condition(std::string_view field) {
    for (const Word& word : kWords) {
        if (word.text == field) {
            return word.condition;
        }
    }
    return AckCondition::unknown;
}

bool wants(AckCondition condition, bool positive) {
    switch (condition) {
        case AckCondition::always:
            return true;
        case AckCondition::unsaid:
        case AckCondition::never:
            return false;
        case AckCondition::error:
        case AckCondition::unknown:
            return !positive;
        case AckCondition::success:
            return positive;
    }
    return false;
}

}  // namespace labrelay::pipeline
