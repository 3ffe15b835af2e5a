#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "element.hpp"
#include "loading.hpp"
#include "suggestion.hpp"

namespace labrelay::mapping {
namespace {

using units::QuantityKind;
using units::UnitRule;

bool equal_without_case(std::string_view left, std::string_view right) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [&](char a, char b) { return lower(a) == lower(b); });
}

/// LOINC's check digit (mod 10, every second digit from the right doubled): a mistyped code is
/// found.
bool loinc_is_whole(std::string_view code) {
    const std::size_t dash = code.find('-');
    if (dash == std::string_view::npos || dash == 0 || dash > 7 || dash + 2 != code.size()) {
        return false;
    }
    int sum = 0;
    for (std::size_t i = 0; i < dash; ++i) {
        const int digit = code[i] - '0';
        if (digit < 0 || digit > 9) {
            return false;
        }
        const bool doubled = (dash - i) % 2 == 1;
        sum += doubled ? digit * 2 / 10 + digit * 2 % 10 : digit;
    }
    return code.back() - '0' == (10 - sum % 10) % 10;
}

constexpr int kOldest = 150;

class AnalytesReader {
public:
    explicit AnalytesReader(XmlFile& file) : file_(file) {}

    Catalogue read() {
        if (file_.root() == nullptr) {
            return {};
        }
        Element root(*file_.root(), file_);
        root.children({{"units", [this](Element& element) { read_units(element); }},
                       {"analyte", [this](Element& element) { read_analyte(element); }, true}});
        root.finish();
        std::sort(catalogue_.analytes.begin(), catalogue_.analytes.end(),
                  [](const auto& left, const auto& right) { return left.key < right.key; });
        return std::move(catalogue_);
    }

private:
    void read_units(Element& element) {
        const std::string id = element.required("id");
        std::vector<UnitRule> rules;
        element.children({{"unit", [&](Element& unit) { read_unit(unit, rules); }, true}});
        if (!sets_.emplace(id, std::move(rules)).second) {
            file_.error(Code::key_duplicate, element.value_at("id"),
                        fmt::format("The unit list \"{}\" stands twice.", id));
        }
    }

    /// One rule for each spelling of the line.
    void read_unit(Element& element, std::vector<UnitRule>& rules) {
        element.required("spelling");
        const auto factor = element.decimal("factor");
        const auto kind = element.choice<UnitRule::Kind>(
            "kind", {{"mantissa", UnitRule::Kind::mantissa},
                     {"needs-assay", UnitRule::Kind::needs_assay},
                     {"ambiguous", UnitRule::Kind::ambiguous},
                     {"not-a-quantity", UnitRule::Kind::not_a_quantity}});
        if (element.text("factor").empty() == element.text("kind").empty()) {
            file_.error(Code::attribute_missing, element.at(),
                        "A <unit> has either factor=\"…\" or kind=\"…\".");
        } else if (factor && (factor->is_zero() || factor->is_negative())) {
            file_.error(Code::attribute_bad, element.value_at("factor"), "A factor is above zero.");
        }
        for (const ListItem& item : element.alternatives("spelling")) {
            const auto same = [&](const UnitRule& rule) { return rule.spelling == item.text; };
            if (std::any_of(rules.begin(), rules.end(), same)) {
                file_.error(Code::key_duplicate, item.at,
                            fmt::format("The spelling \"{}\" stands twice.", item.text));
                continue;
            }
            rules.push_back({item.text, kind.value_or(UnitRule::Kind::factor),
                             factor.value_or(Decimal(kind ? 0 : 1, 0)),
                             fmt::format("analyte-list:{}", item.text)});
        }
    }

    void read_analyte(Element& element) {
        study::Analyte analyte;
        analyte.key = element.required("key");
        analyte.name = element.required("name");
        analyte.testcd = element.text("testcd");
        analyte.molar_mass = element.decimal("molar-mass");
        analyte.zero_is_no_quantity =
            element.choice<bool>("zero", {{"no-quantity", true}}).value_or(false);
        const std::string unit = element.text("unit");
        std::vector<UnitRule> rules = shared_units(element);
        read_loinc(element, analyte);
        for (const ListItem& alias : element.alternatives("aliases")) {
            catalogue_.aliases.push_back({alias.text, analyte.key});
        }
        element.children(
            {{"plausible", [&](Element& e) { analyte.plausible = read_limits(e); }, false, true},
             {"reference", [&](Element& e) { read_reference(e, analyte); }},
             {"critical", [&](Element& e) { analyte.critical = read_limits(e); }, false, true},
             {"unit", [&](Element& e) { read_unit(e, rules); }}});
        const auto factor = [](const UnitRule& rule) {
            return rule.kind == UnitRule::Kind::factor;
        };
        if (unit.empty() && std::any_of(rules.begin(), rules.end(), factor)) {
            file_.error(Code::attribute_missing, element.at(),
                        "An analyte whose units have factors needs unit=\"…\".");
        }
        units::UcumReading ucum = read_ucum(element, unit);
        ucum.molar_mass = analyte.molar_mass;
        analyte.units = units::AnalyteUnits(unit, std::move(rules), std::move(ucum));
        check_key(element, analyte.key);
        catalogue_.analytes.push_back(std::move(analyte));
    }

    /// What of UCUM the analyte takes beyond its list. The kind has to be the canonical unit's own.
    units::UcumReading read_ucum(Element& element, const std::string& unit) {
        units::UcumReading ucum;
        std::vector<std::pair<std::string_view, QuantityKind>> kinds;
        for (const QuantityKind kind :
             {QuantityKind::count, QuantityKind::amount, QuantityKind::mass, QuantityKind::volume,
              QuantityKind::activity, QuantityKind::international_units, QuantityKind::flow,
              QuantityKind::ratio, QuantityKind::logarithm}) {
            kinds.emplace_back(to_string(kind), kind);
        }
        ucum.kind =
            element.choice<QuantityKind>("quantity", kinds).value_or(QuantityKind::undeclared);
        for (const ListItem& word : element.alternatives("annotations")) {
            ucum.annotations.push_back(word.text);
        }
        if (ucum.kind == QuantityKind::undeclared || ucum.kind == QuantityKind::logarithm) {
            return ucum;
        }
        const Result<units::Unit> canonical = units::parse_ucum(unit);
        if (!canonical) {
            file_.error(Code::attribute_bad, element.value_at("unit"),
                        fmt::format("\"{}\" is no unit of UCUM. {} {}", unit,
                                    entry(canonical.error().code).text, canonical.error().detail));
        } else if (!fits(ucum.kind, *canonical)) {
            file_.error(Code::attribute_bad, element.value_at("quantity"),
                        fmt::format("{} does not measure this kind of quantity.", unit));
        }
        return ucum;
    }

    std::vector<UnitRule> shared_units(Element& element) {
        const std::string id = element.text("units");
        const auto found = sets_.find(id);
        if (id.empty() || found != sets_.end()) {
            return id.empty() ? std::vector<UnitRule>() : found->second;
        }
        std::vector<std::string_view> known;
        for (const auto& [name, rules] : sets_) {
            known.push_back(name);
        }
        file_.error(Code::reference_unknown, element.value_at("units"),
                    fmt::format("There is no unit list \"{}\" above this line.{}", id,
                                did_you_mean(id, known)));
        return {};
    }

    void read_loinc(Element& element, study::Analyte& analyte) {
        for (const ListItem& code : element.words("loinc")) {
            if (!loinc_is_whole(code.text)) {
                file_.error(Code::attribute_bad, code.at,
                            fmt::format("\"{}\" is no LOINC code: its check digit does not fit.",
                                        code.text));
            }
            const auto [owner, is_new] = loinc_.emplace(code.text, analyte.key);
            if (!is_new) {
                file_.error(Code::key_duplicate, code.at,
                            fmt::format("The LOINC code {} belongs to {} already.", code.text,
                                        owner->second));
            }
            analyte.loinc.push_back(code.text);
        }
    }

    study::Limits read_limits(Element& element) {
        study::Limits limits{element.decimal("low"), element.decimal("high")};
        if (!limits.low && !limits.high) {
            file_.error(Code::attribute_missing, element.at(),
                        "Give low=\"…\", high=\"…\" or both.");
        } else if (limits.low && limits.high && *limits.low > *limits.high) {
            file_.error(Code::attribute_bad, element.value_at("low"), "low is above high.");
        }
        return limits;
    }

    void read_reference(Element& element, study::Analyte& analyte) {
        study::ReferenceRange range;
        range.sex =
            element.choice<study::Sex>("sex", {{"M", study::Sex::male}, {"F", study::Sex::female}});
        range.age_from = read_age(element, "age-from");
        range.age_until = read_age(element, "age-until");
        range.limits = read_limits(element);
        if (range.age_from && range.age_until && *range.age_from > *range.age_until) {
            file_.error(Code::attribute_bad, element.value_at("age-from"),
                        "age-from is above age-until.");
        }
        const auto& others = analyte.references;
        if (std::any_of(others.begin(), others.end(), [&](const study::ReferenceRange& other) {
                return for_one_person(range, other);
            })) {
            file_.error(Code::key_duplicate, element.at(),
                        "A reference range for people of this sex and age stands already.");
        }
        analyte.references.push_back(range);
    }

    static std::optional<int> read_age(Element& element, std::string_view name) {
        const auto years = element.integer(name, 0, kOldest);
        return years ? std::optional(static_cast<int>(*years)) : std::nullopt;
    }

    static bool for_one_person(const study::ReferenceRange& left,
                               const study::ReferenceRange& right) {
        const bool sexes = !left.sex || !right.sex || *left.sex == *right.sex;
        return sexes && left.age_from.value_or(0) <= right.age_until.value_or(kOldest) &&
               right.age_from.value_or(0) <= left.age_until.value_or(kOldest);
    }

    void check_key(const Element& element, const std::string& key) {
        const auto same = [&](const study::Analyte& other) { return other.key == key; };
        if (!key.empty() &&
            std::any_of(catalogue_.analytes.begin(), catalogue_.analytes.end(), same)) {
            file_.error(Code::key_duplicate, element.value_at("key"),
                        fmt::format("The analyte {} stands twice.", key));
        }
    }

    XmlFile& file_;
    Catalogue catalogue_;
    std::map<std::string, std::vector<UnitRule>> sets_;
    std::map<std::string, std::string> loinc_;  // code -> analyte
};

}  // namespace

const study::Analyte* Catalogue::find(std::string_view key) const {
    const auto found =
        std::find_if(analytes.begin(), analytes.end(),
                     [&](const study::Analyte& analyte) { return analyte.key == key; });
    return found == analytes.end() ? nullptr : &*found;
}

std::string Catalogue::suggestion(std::string_view written) const {
    std::vector<std::string_view> by_alias;
    for (const AnalyteAlias& alias : aliases) {
        if (equal_without_case(alias.alias, written)) {
            by_alias.push_back(alias.analyte);
        }
    }
    if (!by_alias.empty()) {
        return fmt::format(" Did you mean {}?", fmt::join(by_alias, " or "));
    }
    std::vector<std::string_view> keys;
    for (const study::Analyte& analyte : analytes) {
        keys.push_back(analyte.key);
    }
    return did_you_mean(written, keys);
}

Catalogue load_analytes(XmlFile& file) {
    return AnalytesReader(file).read();
}

}  // namespace labrelay::mapping
