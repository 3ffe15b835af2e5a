#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ucum_unit.hpp"

namespace labrelay::units {

struct UcumPrefix {
    std::string_view symbol;
    std::string_view name;
    Rational factor;
};

struct UcumAtom {
    std::string_view symbol;
    std::string_view name;
    bool metric = false;  ///< takes prefixes
    Rational magnitude;
    Dimension dimension;
    Dimension nature;
    Scale scale = Scale::proportional;
};

/// The symbols of ucum_table.def, worked out to base units. Built once, at first use; immutable.
class UcumTable {
public:
    static const UcumTable& get();

    /// A symbol as the grammar cuts it out: an atom by itself, or a prefix and a metric atom. An
    /// atom by itself wins, so `cd` is the candela; no text can be split in two ways (a test holds
    /// this).
    struct Split {
        const UcumPrefix* prefix = nullptr;
        const UcumAtom* atom = nullptr;
    };
    std::optional<Split> split(std::string_view symbol) const;
    const UcumAtom* atom(std::string_view symbol) const;

    const std::vector<UcumPrefix>& prefixes() const { return prefixes_; }
    const std::vector<UcumAtom>& atoms() const { return atoms_; }
    std::string_view base(std::uint16_t id) const { return bases_[id]; }
    const std::string& version() const { return version_; }

private:
    UcumTable();
    std::uint16_t new_base(std::string_view symbol);
    void define(UcumAtom atom, std::string_view number, std::string_view of);
    void keep(UcumAtom atom);

    std::vector<UcumPrefix> prefixes_;
    std::vector<UcumAtom> atoms_;
    std::unordered_map<std::string_view, std::size_t> by_symbol_;
    std::vector<std::string_view> bases_;
    std::string version_;
};

}  // namespace labrelay::units
