#include "labrelay/core/error_catalogue.hpp"

#include <algorithm>
#include <array>

namespace labrelay {
namespace {

constexpr std::array kCatalogue{
    CatalogueEntry{Code::none, "none", "0", 200, "Nothing is wrong.", "Nothing to do."},
#define LABRELAY_CODE(name, number, key, hl7, http, text, advice) \
    CatalogueEntry{Code::name, key, hl7, http, text, advice},
#include "labrelay/core/error_catalogue.def"
#undef LABRELAY_CODE
};

static_assert(std::ranges::is_sorted(kCatalogue, {}, &CatalogueEntry::code),
              "error_catalogue.def is kept in the order of its numbers");

}  // namespace

const CatalogueEntry& entry(Code code) {
    const auto* found = std::ranges::lower_bound(kCatalogue, code, {}, &CatalogueEntry::code);
    return found != kCatalogue.end() && found->code == code ? *found : kCatalogue.front();
}

std::span<const CatalogueEntry> catalogue() {
    return std::span(kCatalogue).subspan(1);
}

std::optional<Code> code_from_key(std::string_view key) {
    const auto* found = std::ranges::find(kCatalogue, key, &CatalogueEntry::key);
    if (found == kCatalogue.end()) {
        return std::nullopt;
    }
    return found->code;
}

}  // namespace labrelay
