#include "derived_values.hpp"

#include "derived_viral_load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <utility>

#include "labrelay/study/versions.hpp"

namespace labrelay::study {
namespace {

using Status = ObservationStatus;
using units::ResultState;

constexpr int kRatioDigits = 3;
constexpr int kPercentDigits = 3;

bool quantified(const StoredVersion& version) {
    return version.value.state == ResultState::quantified && version.value.value_num.has_value();
}

/// The current version of what had been said at `time`.
const StoredVersion* as_of(const ResultRecord& record, Instant time) {
    const auto end =
        std::ranges::upper_bound(record.versions, time, {}, &StoredVersion::version_time);
    const std::span known(record.versions.begin(), end);
    return known.empty() ? nullptr : &known[current_of(known)];
}

/// The times at which one of the inputs changed.
std::vector<Instant> times_of(std::span<const ResultRecord* const> inputs) {
    std::vector<Instant> times;
    for (const ResultRecord* input : inputs) {
        for (const StoredVersion& version : input->versions) {
            times.push_back(version.version_time);
        }
    }
    std::ranges::sort(times);
    times.erase(std::unique(times.begin(), times.end()), times.end());
    return times;
}

Status status_from(std::span<const StoredVersion* const> inputs) {
    const auto any = [&](Status status) {
        return std::ranges::any_of(
            inputs, [status](const StoredVersion* input) { return input->status == status; });
    };
    if (any(Status::preliminary)) {
        return Status::preliminary;
    }
    return any(Status::corrected) ? Status::corrected : Status::final;
}

std::string_view code_of(Status status) {
    switch (status) {
        case Status::preliminary:
            return "P";
        case Status::final:
        case Status::promoted:
            return "F";
        case Status::corrected:
            return "C";
        case Status::not_done:
            return "X";
        case Status::withdrawn:
            return "W";
    }
    return "";
}

/// A version made of `inputs`; the first gives the draw.
StoredVersion version_of(std::span<const StoredVersion* const> inputs, Instant time,
                         std::string_view analyte) {
    const StoredVersion& draw = *inputs.front();
    StoredVersion version;
    for (const StoredVersion* input : inputs) {
        version.inputs.push_back(input->id);
        if (input->id > version.id) {
            version.id = input->id;
            version.reported_at = input->reported_at;
        }
    }
    version.version_time = time;
    version.analyte = analyte;
    version.collected = draw.collected;
    version.collected_local = draw.collected_local;
    version.registered_visit = draw.registered_visit;
    version.visit_by_person = draw.visit_by_person;
    version.laboratory = draw.laboratory;
    version.forwards =
        std::ranges::all_of(inputs, [](const StoredVersion* input) { return input->forwards; });
    return version;
}

void make_withdrawn(StoredVersion& version, std::string unit) {
    version.status = Status::withdrawn;
    version.status_code = code_of(Status::withdrawn);
    version.value = {};
    version.value.state = ResultState::withdrawn;
    version.value.value_text = "WITHDRAWN";
    version.value.unit = std::move(unit);
}

bool same_value(const ResultValue& left, const ResultValue& right) {
    return left.state == right.state && left.value_num == right.value_num &&
           left.value_text == right.value_text && left.unit == right.unit &&
           left.conversion_rule == right.conversion_rule && left.ref_low == right.ref_low &&
           left.ref_high == right.ref_high && left.range_flag == right.range_flag &&
           left.lloq == right.lloq && left.uloq == right.uloq && left.least == right.least &&
           left.most == right.most;
}

bool same_version(const StoredVersion& left, const StoredVersion& right) {
    return left.status == right.status && same_value(left.value, right.value);
}

/// Walks through the inputs' history; `compute` gives the value where there is one.
template <class Compute>
std::vector<StoredVersion> walk(std::span<const ResultRecord* const> inputs,
                                std::string_view analyte, std::string_view unit,
                                const Compute& compute) {
    std::vector<StoredVersion> versions;
    for (const Instant time : times_of(inputs)) {
        std::vector<const StoredVersion*> known;
        for (const ResultRecord* input : inputs) {
            if (const StoredVersion* version = as_of(*input, time)) {
                known.push_back(version);
            }
        }
        if (known.size() != inputs.size()) {
            continue;
        }
        StoredVersion version = version_of(known, time, analyte);
        if (std::optional<ResultValue> value = compute(known)) {
            version.value = *std::move(value);
            version.value.unit = unit;
            version.status = status_from(known);
            version.status_code = code_of(version.status);
        } else {
            make_withdrawn(version, std::string(unit));
        }
        const bool nothing_yet = versions.empty() && version.status == Status::withdrawn;
        if (nothing_yet || (!versions.empty() && same_version(versions.back(), version))) {
            continue;
        }
        versions.push_back(std::move(version));
    }
    return versions;
}

void apply_range(ResultValue& value, const Analyte* analyte, std::optional<Sex> sex) {
    if (analyte == nullptr || !value.value_num) {
        return;
    }
    const Limits range = analyte->reference(sex);
    value.ref_low = range.low;
    value.ref_high = range.high;
    if (range.low && *value.value_num < *range.low) {
        value.range_flag = "LOW";
    } else if (range.high && *value.value_num > *range.high) {
        value.range_flag = "HIGH";
    } else if (range.low || range.high) {
        value.range_flag = "NORMAL";
    }
}

DerivedResult derive_ratio(SpecimenResults results, const StudyRules& rules,
                           std::optional<Sex> sex) {
    DerivedResult ratio{"CD4CD8", measured(results, "CD4A"), {}};
    const ResultRecord* cd8 = measured(results, "CD8A");
    if (ratio.primary == nullptr || cd8 == nullptr) {
        return ratio;
    }
    const Analyte* analyte = rules.analyte(ratio.analyte);
    const auto compute =
        [&](std::span<const StoredVersion* const> known) -> std::optional<ResultValue> {
        if (!quantified(*known[0]) || !quantified(*known[1])) {
            return std::nullopt;
        }
        ResultValue value;
        value.value_num =
            known[0]->value.value_num->divided_by(*known[1]->value.value_num, kRatioDigits);
        if (!value.value_num) {
            return std::nullopt;
        }
        value.state = ResultState::quantified;
        value.value_text = value.value_num->to_string();
        value.conversion_rule =
            fmt::format("derived: CD4A / CD8A, {} significant digits", kRatioDigits);
        apply_range(value, analyte, sex);
        return value;
    };
    const std::array inputs{ratio.primary, cd8};
    ratio.versions =
        walk(inputs, ratio.analyte, analyte != nullptr ? analyte->units.canonical() : "1", compute);
    return ratio;
}

/// Only where copies alone came: a logarithm that the laboratory reports is its own.
DerivedResult derive_logarithm(SpecimenResults results, const StudyRules& rules) {
    DerivedResult log{"HIVVLLOG", nullptr, {}};
    if (measured(results, log.analyte) != nullptr) {
        return log;
    }
    log.primary = measured(results, "HIVVL");
    if (log.primary == nullptr) {
        return log;
    }
    const Analyte* analyte = rules.analyte(log.analyte);
    const std::array inputs{log.primary};
    log.versions = walk(inputs, log.analyte,
                        analyte != nullptr ? analyte->units.canonical() : "{Log_copies}/mL",
                        [](std::span<const StoredVersion* const> known) {
                            return logarithm_from(known.front()->value);
                        });
    return log;
}

/// A subset and its lymphocytes as the cytometer counted them in the same tube. The lymphocytes of
/// the blood count never serve: another platform, another number.
struct PercentOfLymphocytes {
    std::string_view percent;
    std::string_view count;
};
constexpr std::array kPercents{PercentOfLymphocytes{"CD3P", "CD3A"},
                               PercentOfLymphocytes{"CD4P", "CD4A"},
                               PercentOfLymphocytes{"CD8P", "CD8A"}};

std::optional<ResultValue> percent_from(const StoredVersion& count,
                                        const StoredVersion& lymphocytes,
                                        std::string_view analyte) {
    if (!quantified(count) || !quantified(lymphocytes)) {
        return std::nullopt;
    }
    const Decimal& part = *count.value.value_num;
    const Decimal& whole = *lymphocytes.value.value_num;
    const auto hundredfold = part.times(Decimal(100, 0));
    if (!hundredfold || part > whole) {
        return std::nullopt;  // more than all: the counts contradict each other
    }
    ResultValue value;
    value.value_num = hundredfold->divided_by(whole, kPercentDigits);
    if (!value.value_num) {
        return std::nullopt;
    }
    value.state = ResultState::quantified;
    value.value_text = value.value_num->to_string();
    value.conversion_rule =
        fmt::format("derived: 100 x {} / CD45A, {} significant digits", analyte, kPercentDigits);
    return value;
}

DerivedResult derive_percent(SpecimenResults results, const PercentOfLymphocytes& of,
                             const StudyRules& rules, std::optional<Sex> sex) {
    DerivedResult percent{of.percent, nullptr, {}};
    const ResultRecord* lymphocytes = measured(results, "CD45A");
    if (lymphocytes == nullptr || measured(results, of.percent) != nullptr) {
        return percent;
    }
    percent.primary = measured(results, of.count);
    if (percent.primary == nullptr) {
        return percent;
    }
    const Analyte* analyte = rules.analyte(of.percent);
    const std::array inputs{percent.primary, lymphocytes};
    percent.versions =
        walk(inputs, of.percent, analyte != nullptr ? analyte->units.canonical() : "%",
             [&](std::span<const StoredVersion* const> known) {
                 auto value = percent_from(*known[0], *known[1], of.count);
                 if (value) {
                     apply_range(*value, analyte, sex);
                 }
                 return value;
             });
    return percent;
}

DerivedResult derive_copies(SpecimenResults results, const StudyRules& rules) {
    DerivedResult copies{"HIVVL", nullptr, {}};
    if (measured(results, "HIVVL") != nullptr) {
        return copies;
    }
    copies.primary = measured(results, "HIVVLLOG");
    if (copies.primary == nullptr) {
        return copies;
    }
    const Analyte* analyte = rules.analyte(copies.analyte);
    const std::array inputs{copies.primary};
    copies.versions = walk(inputs, copies.analyte,
                           analyte != nullptr ? analyte->units.canonical() : "{copies}/mL",
                           [](std::span<const StoredVersion* const> known) {
                               return copies_from(known.front()->value);
                           });
    return copies;
}

}  // namespace

const ResultRecord* measured(SpecimenResults results, std::string_view analyte) {
    const ResultRecord* best = nullptr;
    const auto order = [](const ResultRecord& record) {
        const bool usable = quantified(record.current_version());
        const bool was_usable = usable || std::ranges::any_of(record.versions, quantified);
        return std::tuple(!usable, !was_usable, std::string_view(record.key.sub_id),
                          std::string_view(record.key.code));
    };
    for (const ResultRecord* record : results) {
        if (!record->key.derived.empty() || record->current_version().analyte != analyte) {
            continue;
        }
        if (best == nullptr || order(*record) < order(*best)) {
            best = record;
        }
    }
    return best;
}

std::vector<DerivedResult> derive(SpecimenResults results, const StudyRules& rules,
                                  std::optional<Sex> sex) {
    std::vector<DerivedResult> derived;
    derived.push_back(derive_ratio(results, rules, sex));
    derived.push_back(derive_copies(results, rules));
    derived.push_back(derive_logarithm(results, rules));
    for (const PercentOfLymphocytes& percent : kPercents) {
        derived.push_back(derive_percent(results, percent, rules, sex));
    }
    return derived;
}

std::vector<StoredVersion> withdraw_derived(const ResultRecord& derived, SpecimenResults results) {
    std::vector<StoredVersion> versions = derived.versions;
    if (versions.back().status == Status::withdrawn) {
        return versions;
    }
    StoredVersion last = versions.back();
    for (const ResultRecord* record : results) {
        const StoredVersion& current = record->current_version();
        if (!record->key.derived.empty()) {
            continue;
        }
        last.version_time = std::max(last.version_time, current.version_time);
        last.id = std::max(last.id, current.id);
        last.inputs.push_back(current.id);
    }
    std::ranges::sort(last.inputs);
    last.inputs.erase(std::unique(last.inputs.begin(), last.inputs.end()), last.inputs.end());
    std::string unit = last.value.unit;
    make_withdrawn(last, std::move(unit));
    versions.push_back(std::move(last));
    return versions;
}

bool same_versions(std::span<const StoredVersion> left, std::span<const StoredVersion> right) {
    return std::ranges::equal(left, right, [](const StoredVersion& a, const StoredVersion& b) {
        return a.version_time == b.version_time && a.inputs == b.inputs && same_version(a, b) &&
               a.collected == b.collected && a.forwards == b.forwards;
    });
}

}  // namespace labrelay::study
