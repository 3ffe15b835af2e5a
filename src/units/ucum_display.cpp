#include <fmt/format.h>

#include <string>

#include "ucum_grammar.hpp"
#include "ucum_table.hpp"

namespace labrelay::units {
namespace {

using Kind = UcumComponent::Kind;

std::string words_of(const std::vector<UcumComponent>& parts);

std::string words_of_symbol(const UcumComponent& part) {
    const auto split = UcumTable::get().split(part.text);
    std::string words =
        fmt::format("({}{}", split->prefix ? split->prefix->name : "", split->atom->name);
    if (part.exponent != 1) {
        words += fmt::format(" ^ {}", part.exponent);
    }
    return words + ")";
}

std::string words_of(const UcumComponent& part) {
    switch (part.kind) {
        case Kind::symbol:
            return words_of_symbol(part);
        case Kind::number:
            return std::string(part.text);
        case Kind::annotation:
            return fmt::format("{{{}}}", part.text);
        case Kind::group:
            return fmt::format("({})", words_of(part.inner));
    }
    return {};
}

std::string words_of(const std::vector<UcumComponent>& parts) {
    std::string words;
    for (const UcumComponent& part : parts) {
        if (part.divided) {
            words += words.empty() ? "1 / " : " / ";
        } else if (!words.empty()) {
            words += " * ";
        }
        words += words_of(part);
        if (!part.annotation.empty()) {
            words += fmt::format(" {{{}}}", part.annotation);
        }
    }
    return words;
}

}  // namespace

Result<std::string> display_name(std::string_view text) {
    if (text.empty()) {
        return std::string("(unity)");
    }
    if (const Result<Unit> unit = parse_ucum(text); !unit) {
        return tl::unexpected<Error>(unit.error());
    }
    const Result<std::vector<UcumComponent>> parts = parse_ucum_term(text);
    return words_of(*parts);
}

}  // namespace labrelay::units
