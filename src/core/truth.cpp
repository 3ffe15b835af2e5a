#include "labrelay/core/truth.hpp"

namespace labrelay {

std::string_view to_string(Truth truth) {
    switch (truth) {
        case Truth::no:
            return "no";
        case Truth::yes:
            return "yes";
        case Truth::unknown:
            return "unknown";
    }
    return "";
}

Truth both(Truth left, Truth right) {
    if (left == Truth::no || right == Truth::no) {
        return Truth::no;
    }
    return left == Truth::yes && right == Truth::yes ? Truth::yes : Truth::unknown;
}

Truth either(Truth left, Truth right) {
    return negated(both(negated(left), negated(right)));
}

Truth negated(Truth truth) {
    switch (truth) {
        case Truth::no:
            return Truth::yes;
        case Truth::yes:
            return Truth::no;
        case Truth::unknown:
            return Truth::unknown;
    }
    return Truth::unknown;
}

}  // namespace labrelay
