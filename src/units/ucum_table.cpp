#include "ucum_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace labrelay::units {
namespace {

enum class Takes : std::uint8_t { plain, metric };

enum class RowKind : std::uint8_t { base, defined, nature, arbitrary, special };

struct PrefixRow {
    std::string_view symbol;
    std::string_view name;
    int base;
    int exponent;
};

struct Row {
    RowKind kind;
    std::string_view symbol;
    std::string_view name;
    Takes takes;
    Scale scale;
    std::string_view number;
    std::string_view of;
    std::string_view nature;
};

constexpr std::array kPrefixRows{
#define PREFIX(symbol, name, exponent) PrefixRow{symbol, name, 10, exponent},
#define BINARY_PREFIX(symbol, name, exponent) PrefixRow{symbol, name, 2, exponent},
#define BASE(symbol, name)
#define METRIC(symbol, name, number, of)
#define PLAIN(symbol, name, number, of)
#define NATURE(symbol, name, number, of, counts)
#define ARBITRARY(symbol, name, takes)
#define SPECIAL(symbol, name, takes, scale, number, of)
#include "ucum_table.def"
#undef PREFIX
#undef BINARY_PREFIX
#undef BASE
#undef METRIC
#undef PLAIN
#undef NATURE
#undef ARBITRARY
#undef SPECIAL
};

constexpr std::array kRows{
#define PREFIX(symbol, name, exponent)
#define BINARY_PREFIX(symbol, name, exponent)
#define BASE(symbol, name) \
    Row{RowKind::base, symbol, name, Takes::metric, Scale::proportional, "", "", ""},
#define METRIC(symbol, name, number, of) \
    Row{RowKind::defined, symbol, name, Takes::metric, Scale::proportional, number, of, ""},
#define PLAIN(symbol, name, number, of) \
    Row{RowKind::defined, symbol, name, Takes::plain, Scale::proportional, number, of, ""},
#define NATURE(symbol, name, number, of, counts) \
    Row{RowKind::nature, symbol, name, Takes::metric, Scale::proportional, number, of, counts},
#define ARBITRARY(symbol, name, takes) \
    Row{RowKind::arbitrary, symbol, name, Takes::takes, Scale::proportional, "", "", ""},
#define SPECIAL(symbol, name, takes, scale, number, of) \
    Row{RowKind::special, symbol, name, Takes::takes, Scale::scale, number, of, ""},
#include "ucum_table.def"
#undef PREFIX
#undef BINARY_PREFIX
#undef BASE
#undef METRIC
#undef PLAIN
#undef NATURE
#undef ARBITRARY
#undef SPECIAL
};

/// FNV-1a over every text of the table, so that a changed row is another version.
class TableDigest {
public:
    void add(std::string_view text) {
        for (const char c : text) {
            hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
        }
        hash_ = (hash_ ^ 0xFFU) * 0x100000001B3ULL;
    }
    std::string text() const { return fmt::format("{:016x}", hash_); }

private:
    std::uint64_t hash_ = 0xCBF29CE484222325ULL;
};

std::string version_of_rows() {
    TableDigest digest;
    for (const PrefixRow& row : kPrefixRows) {
        digest.add(row.symbol);
        digest.add(fmt::format("{}^{}", row.base, row.exponent));
    }
    for (const Row& row : kRows) {
        digest.add(fmt::format("{} {} {}", static_cast<int>(row.kind), static_cast<int>(row.takes),
                               static_cast<int>(row.scale)));
        for (const std::string_view text : {row.symbol, row.number, row.of, row.nature}) {
            digest.add(text);
        }
    }
    return digest.text();
}

}  // namespace

UcumTable::UcumTable() : version_(version_of_rows()) {
    prefixes_.reserve(kPrefixRows.size());
    for (const PrefixRow& row : kPrefixRows) {
        prefixes_.push_back({row.symbol, row.name, Rational(row.base).to_the(row.exponent)});
    }
    atoms_.reserve(kRows.size());
    for (const Row& row : kRows) {
        UcumAtom atom{row.symbol,  row.name, row.takes == Takes::metric, Rational(1), Dimension(),
                      Dimension(), row.scale};
        switch (row.kind) {
            case RowKind::base:
            case RowKind::arbitrary:
                atom.dimension = Dimension::of(new_base(row.symbol));
                keep(std::move(atom));
                break;
            case RowKind::nature:
                atom.nature = Dimension::of(new_base(row.nature));
                define(std::move(atom), row.number, row.of);
                break;
            case RowKind::defined:
            case RowKind::special:
                define(std::move(atom), row.number, row.of);
                break;
        }
    }
}

const UcumTable& UcumTable::get() {
    static const UcumTable table;
    return table;
}

std::uint16_t UcumTable::new_base(std::string_view symbol) {
    bases_.push_back(symbol);
    return static_cast<std::uint16_t>(bases_.size() - 1);
}

void UcumTable::define(UcumAtom atom, std::string_view number, std::string_view of) {
    const auto factor = Decimal::parse(number);
    const Result<Unit::Data> unit = read_unit(of, *this);
    if (!factor || !unit) {
        throw std::logic_error(
            fmt::format("ucum_table.def: the row of {} cannot be read", atom.symbol));
    }
    atom.magnitude = Rational(*factor).times(unit->magnitude);
    atom.dimension = unit->dimension;
    atom.nature.add(unit->nature, 1);
    keep(std::move(atom));
}

void UcumTable::keep(UcumAtom atom) {
    if (!by_symbol_.emplace(atom.symbol, atoms_.size()).second) {
        throw std::logic_error(fmt::format("ucum_table.def: {} stands twice", atom.symbol));
    }
    atoms_.push_back(std::move(atom));
}

const UcumAtom* UcumTable::atom(std::string_view symbol) const {
    const auto found = by_symbol_.find(symbol);
    return found == by_symbol_.end() ? nullptr : &atoms_[found->second];
}

std::optional<UcumTable::Split> UcumTable::split(std::string_view symbol) const {
    if (const UcumAtom* const whole = atom(symbol)) {
        return Split{nullptr, whole};
    }
    for (const UcumPrefix& prefix : prefixes_) {
        if (!symbol.starts_with(prefix.symbol)) {
            continue;
        }
        const UcumAtom* const rest = atom(symbol.substr(prefix.symbol.size()));
        if (rest != nullptr && rest->metric) {
            return Split{&prefix, rest};
        }
    }
    return std::nullopt;
}

std::string_view ucum_table_version() {
    return UcumTable::get().version();
}

}  // namespace labrelay::units
