#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "loading.hpp"

namespace labrelay::mapping {
namespace {

bool same_pattern(const CodePattern& left, const CodePattern& right) {
    return left.code == right.code && left.system == right.system;
}

bool same_time(const ObservationLine& left, const ObservationLine& right) {
    const auto ends_before = [](const ObservationLine& one, const ObservationLine& other) {
        return one.valid_until && other.valid_from && *one.valid_until < *other.valid_from;
    };
    return !ends_before(left, right) && !ends_before(right, left);
}

/// Each names units, and no spelling could be taken for one of the other's.
bool apart_by_unit(const ObservationLine& left, const ObservationLine& right) {
    if (left.when_units.empty() || right.when_units.empty()) {
        return false;
    }
    return std::none_of(
        left.when_units.begin(), left.when_units.end(), [&](const std::string& one) {
            return std::any_of(right.when_units.begin(), right.when_units.end(),
                               [&](const std::string& other) {
                                   return units::fold_unit(one) == units::fold_unit(other);
                               });
        });
}

bool apart_by_sub_id(const ObservationLine& left, const ObservationLine& right) {
    return left.when_sub_id && right.when_sub_id && *left.when_sub_id != *right.when_sub_id;
}

bool told_apart(const ObservationLine& left, const ObservationLine& right) {
    return !same_time(left, right) || apart_by_unit(left, right) || apart_by_sub_id(left, right);
}

std::string as_written(const CodePattern& pattern) {
    return pattern.system.empty() ? fmt::format("\"{}\" of any system", pattern.code)
                                  : fmt::format("\"{}\" of {}", pattern.code, pattern.system);
}

/// Both attributes are set and differ: no message fits both.
template <class Value>
bool exclude(const Value& left, const Value& right, const Value& unset) {
    return left != unset && right != unset && left != right;
}

bool exclude(const Recognition& left, const Recognition& right) {
    return exclude(left.application, right.application, std::string()) ||
           exclude(left.facility, right.facility, std::string()) ||
           exclude(left.profile, right.profile, std::string()) ||
           exclude(left.receiving_application, right.receiving_application, std::string()) ||
           exclude(left.receiving_facility, right.receiving_facility, std::string()) ||
           exclude(left.certificate, right.certificate, std::string()) ||
           exclude(left.port, right.port, std::optional<std::uint16_t>()) ||
           (left.peer && right.peer && !left.peer->overlaps(*right.peer));
}

}  // namespace

void check_lines(const SourceDefinition& source, XmlFile& file) {
    const auto& lines = source.observations;
    for (auto line = lines.begin(); line != lines.end(); ++line) {
        const auto clash = std::find_if(lines.begin(), line, [&](const ObservationLine& earlier) {
            return same_pattern(earlier, *line) && !told_apart(earlier, *line);
        });
        if (clash != line) {
            file.error(
                Code::lines_ambiguous, line->place.offset,
                fmt::format("{} is mapped at {} already.", as_written(*line), clash->place.text));
        }
    }
    const auto& ignores = source.ignores;
    for (auto line = ignores.begin(); line != ignores.end(); ++line) {
        const auto same = [&](const CodePattern& other) { return same_pattern(other, *line); };
        const auto same_condition = [&](const IgnoreLine& other) {
            return same(other) && other.when_types == line->when_types &&
                   other.when_sub_id == line->when_sub_id;
        };
        if (std::any_of(ignores.begin(), line, same_condition)) {
            file.error(Code::key_duplicate, line->place.offset,
                       fmt::format("{} is ignored already.", as_written(*line)));
        }
        if (line->conditional()) {
            continue;
        }
        const auto mapped = std::find_if(lines.begin(), lines.end(), same);
        if (mapped != lines.end()) {
            file.error(Code::lines_ambiguous, line->place.offset,
                       fmt::format("{} is mapped at {}.", as_written(*line), mapped->place.text));
        }
    }
}

void check_sources(const std::vector<LoadedSource>& sources) {
    for (auto source = sources.begin(); source != sources.end(); ++source) {
        for (auto other = sources.begin(); other != source; ++other) {
            const auto& ours = source->definition.recognise;
            const auto& theirs = other->definition.recognise;
            for (std::size_t i = 0; i < ours.size(); ++i) {
                const auto fits_too = [&](const Recognition& line) {
                    return !exclude(ours[i], line);
                };
                const auto clash = std::find_if(theirs.begin(), theirs.end(), fits_too);
                if (clash == theirs.end()) {
                    continue;
                }
                const auto at = static_cast<std::size_t>(clash - theirs.begin());
                source->file->error(Code::sources_overlap, source->recognise_at[i],
                                    fmt::format("A message could fit this line and {}.",
                                                other->file->place(other->recognise_at[at]).text));
            }
        }
    }
}

}  // namespace labrelay::mapping
