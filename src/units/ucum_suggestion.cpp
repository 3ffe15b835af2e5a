#include "ucum_suggestion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

namespace labrelay::units {
namespace {

bool same_without_case(std::string_view left, std::string_view right) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [&](char a, char b) { return lower(a) == lower(b); });
}

/// `IU` -> `[IU]`, `mIU` -> `m[IU]`.
std::string in_brackets(std::string_view symbol, const UcumTable& table) {
    const std::string whole = fmt::format("[{}]", symbol);
    if (table.atom(whole) != nullptr) {
        return whole;
    }
    for (const UcumPrefix& prefix : table.prefixes()) {
        if (symbol.starts_with(prefix.symbol)) {
            const std::string_view rest = symbol.substr(prefix.symbol.size());
            std::string written = fmt::format("{}[{}]", prefix.symbol, rest);
            if (table.split(written)) {
                return written;
            }
        }
    }
    return {};
}

/// The symbols that differ in capitals only, one of each meaning: `mmol or Mmol` for MMOL.
std::string in_other_case(std::string_view symbol, const UcumTable& table) {
    std::vector<std::string> found;
    const auto offer = [&](std::string written, const Rational& factor) {
        const auto same_meaning = [&](const std::string& other) {
            const auto split = table.split(other);
            const Rational& plain = split->atom->magnitude;
            return (split->prefix != nullptr ? plain.times(split->prefix->factor) : plain) ==
                   factor;
        };
        if (same_without_case(written, symbol) &&
            std::none_of(found.begin(), found.end(), same_meaning)) {
            found.push_back(std::move(written));
        }
    };
    for (const UcumAtom& atom : table.atoms()) {
        offer(std::string(atom.symbol), atom.magnitude);
        for (const UcumPrefix& prefix : table.prefixes()) {
            if (atom.metric && prefix.symbol.size() + atom.symbol.size() == symbol.size()) {
                offer(fmt::format("{}{}", prefix.symbol, atom.symbol),
                      atom.magnitude.times(prefix.factor));
            }
        }
    }
    return fmt::format("{}", fmt::join(found, " or "));
}

const UcumAtom* behind_prefix(std::string_view symbol, const UcumTable& table) {
    for (const UcumPrefix& prefix : table.prefixes()) {
        if (symbol.starts_with(prefix.symbol)) {
            if (const UcumAtom* const atom = table.atom(symbol.substr(prefix.symbol.size()))) {
                return atom;
            }
        }
    }
    return nullptr;
}

}  // namespace

Error unknown_symbol(std::string_view symbol, const UcumTable& table) {
    if (const UcumAtom* const atom = behind_prefix(symbol, table)) {
        return {Code::unit_prefix_forbidden, {}, fmt::format("{} takes no prefix.", atom->symbol)};
    }
    std::string meant = in_brackets(symbol, table);
    if (meant.empty()) {
        meant = in_other_case(symbol, table);
    }
    std::string detail = fmt::format("\"{}\" is no unit of the table.", symbol);
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    if (!meant.empty()) {
        detail += fmt::format(" Did you mean {}?", meant);
    } else if (std::all_of(symbol.begin(), symbol.end(), is_letter)) {
        detail += fmt::format(" A word that is no unit stands in braces: {{{}}}.", symbol);
    }
    return {Code::unit_symbol_unknown, {}, std::move(detail)};
}

}  // namespace labrelay::units
