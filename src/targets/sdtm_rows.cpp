#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "labrelay/targets/sdtm.hpp"
#include "labrelay/units/analyte_units.hpp"
#include "labrelay/units/reported_value.hpp"
#include "labrelay/units/result_state.hpp"

namespace labrelay::targets {
namespace {

using study::SdtmDomain;
using study::SdtmMap;
using study::SdtmTerm;
using units::ResultState;

ResultState state_of(const LabRow& row) {
    return units::result_state_from(row.result_state).value_or(ResultState::no_result);
}

DatasetCell cell(std::string text) {
    return text.empty() ? DatasetCell() : DatasetCell(std::move(text));
}

DatasetCell cell(const std::optional<std::int64_t>& number) {
    return number ? DatasetCell(std::to_string(*number)) : DatasetCell();
}

/// A value that a baseline can be: a result, and no preliminary one.
bool is_valid(const LabRow& row) {
    switch (state_of(row)) {
        case ResultState::quantified:
        case ResultState::below_lloq:
        case ResultState::not_detected:
        case ResultState::above_uloq:
        case ResultState::qualitative:
            break;
        case ResultState::no_result:
        case ResultState::not_done:
        case ResultState::withdrawn:
            return false;
    }
    static const std::set<std::string_view> kPreliminary{"P", "R", "S", "I"};
    return !kPreliminary.contains(row.status);
}

/// Blood that is certain to be drawn before the first dose; what came before screening never
/// counts (as the view lab_baseline has it).
bool is_before_dose(const LabRow& row) {
    if (row.visit_kind == "history" || !row.study_day) {
        return false;
    }
    return *row.study_day < 0 || (*row.study_day == 1 && row.visit_kind == "scheduled");
}

using IsBefore = bool (*)(const LabRow& row, const LabRow& other);

/// Which of two is the baseline, as the view lab_baseline has it: the later one, at one time a
/// reported value before a derived one, else the smaller result_id.
bool is_later(const LabRow& row, const LabRow& other) {
    const auto reported = [](const LabRow& one) { return one.derived_from.empty(); };
    return std::tuple(row.study_day, row.collected_utc_us, reported(row), other.result_id) >
           std::tuple(other.study_day, other.collected_utc_us, reported(other), row.result_id);
}

/// The same within the specimen that gave CD4: a reported value first, whatever its time.
bool is_reported(const LabRow& row, const LabRow& other) {
    const auto reported = [](const LabRow& one) { return one.derived_from.empty(); };
    return std::tuple(reported(row), row.collected_utc_us, other.result_id) >
           std::tuple(reported(other), other.collected_utc_us, row.result_id);
}

/// Which result of each analyte is the last before the first dose.
class Baselines {
public:
    explicit Baselines(std::span<const StudyResult> results) {
        for (const StudyResult& result : results) {
            consider(result.row, is_later);
        }
        // CD4, CD8 and their ratio are read together, so they come from one specimen.
        const LabRow* cd4 = of("CD4A");
        for (const char* beside : {"CD8A", "CD4CD8"}) {
            if (cd4 == nullptr) {
                break;
            }
            last_.erase(beside);
            for (const StudyResult& result : results) {
                if (result.row.analyte == beside && result.row.specimen == cd4->specimen) {
                    consider(result.row, is_reported);
                }
            }
        }
    }

    bool contains(const LabRow& row) const { return of(row.analyte) == &row; }

private:
    const LabRow* of(std::string_view analyte) const {
        const auto found = last_.find(analyte);
        return found == last_.end() ? nullptr : found->second;
    }

    void consider(const LabRow& row, IsBefore is_before) {
        if (!is_valid(row) || !is_before_dose(row)) {
            return;
        }
        const auto [last, is_first] = last_.emplace(row.analyte, &row);
        if (!is_first && is_before(row, *last->second)) {
            last->second = &row;
        }
    }

    std::map<std::string, const LabRow*, std::less<>> last_;
};

/// --ORRES, --STRESC and the two that say why there are none.
struct Words {
    std::string original;
    std::string standard;
    std::string not_done;
    std::string reason;
};

Words words_of(const SdtmMap& map, const LabRow& row) {
    switch (state_of(row)) {
        case ResultState::quantified:
            return {row.value_reported, row.value_num, {}, {}};
        case ResultState::not_detected:
            return {row.value_reported, "NOT DETECTED", {}, {}};
        case ResultState::below_lloq:
        case ResultState::above_uloq:
        case ResultState::qualitative:
            return {row.value_reported, map.submitted(row.value_text), {}, {}};
        case ResultState::no_result:
            return {{}, {}, "NOT DONE", "THE ASSAY GAVE NO RESULT"};
        case ResultState::not_done:
            return {{}, {}, "NOT DONE", "REPORTED AS NOT DONE"};
        case ResultState::withdrawn:
            break;
    }
    return {};
}

/// The laboratory's range in its own unit, where it is one that can be read without asking.
std::pair<std::string, std::string> reported_range(const std::string& text) {
    const units::ReferenceRange range = units::parse_reference_range(text);
    const auto end = [](const std::optional<Decimal>& limit) {
        return limit ? limit->to_string() : std::string();
    };
    return {end(range.low), end(range.high)};
}

/// Look-alike signs as ASCII (×10⁹/L is x10^9/L), so that a submission may hold them; what has no
/// such form stays as it was sent.
std::string plain_unit(const std::string& unit) {
    const auto is_ascii = [](std::string_view text) {
        return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
    };
    std::string folded = is_ascii(unit) ? unit : units::fold_unit(unit);
    return is_ascii(folded) ? folded : unit;
}

/// 1-2 is no grade of the scale but says that it is not certain.
std::string certain_grade(const std::string& grade) {
    return grade.size() == 1 ? grade : std::string();
}

struct Place {
    std::optional<std::int64_t> number;
    std::string name;
    std::string epoch;
};

class SubjectRows {
public:
    SubjectRows(const study::StudyDefinition& study, std::span<const StudyResult> results)
        : study_(study), map_(*study.sdtm), results_(results), baselines_(results) {}

    Result<std::map<SdtmDomain, std::vector<DatasetRow>>> all() {
        std::map<SdtmDomain, std::vector<Keyed>> domains;
        std::map<SdtmDomain, std::size_t> numbered;
        for (const StudyResult* result : in_order_of_arrival()) {
            const SdtmTerm* term = map_.term(result->row.analyte);
            const bool submitted = is_submitted(map_, result->row);
            // What was withdrawn keeps its number, so that no other row gets it.
            const std::size_t sequence = term == nullptr ? 0 : ++numbered[term->domain];
            if (!submitted) {
                continue;
            }
            if (term == nullptr) {
                return fail(Code::export_term_missing, labrelay::Place{result->row.analyte});
            }
            const Result<Place> place = place_of(result->row);
            if (!place) {
                return tl::unexpected<Error>(place.error());
            }
            domains[term->domain].push_back(keyed(*term, result->row, *place, sequence));
        }
        std::map<SdtmDomain, std::vector<DatasetRow>> sorted;
        for (auto& [domain, rows] : domains) {
            std::sort(rows.begin(), rows.end(),
                      [](const Keyed& a, const Keyed& b) { return a.key < b.key; });
            for (Keyed& row : rows) {
                sorted[domain].push_back(std::move(row.cells));
            }
        }
        return sorted;
    }

private:
    using Key =
        std::tuple<std::string, std::string, std::string, std::optional<std::int64_t>, std::size_t>;
    struct Keyed {
        Key key;  ///< --CAT, --TESTCD, --DTC, VISITNUM, --SEQ
        DatasetRow cells;
    };

    /// What comes later, a correction or a withdrawal too, does not number the others anew.
    std::vector<const StudyResult*> in_order_of_arrival() const {
        std::vector<const StudyResult*> ordered;
        for (const StudyResult& result : results_) {
            ordered.push_back(&result);
        }
        std::sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) {
            return std::tie(a->first_received_at, a->row.result_id) <
                   std::tie(b->first_received_at, b->row.result_id);
        });
        return ordered;
    }

    Result<Place> place_of(const LabRow& row) const {
        if (row.visit.empty()) {
            return Place{{}, {}, epoch_of(row)};
        }
        const study::SdtmVisit* line = map_.visit(row.visit);
        const study::Visit* visit = study_.visit(row.visit);
        if (line == nullptr || visit == nullptr) {
            return fail(Code::export_term_missing, labrelay::Place{row.visit});
        }
        std::string epoch = line->epoch;
        if (epoch.empty()) {
            epoch =
                visit->anchor == study::Anchor::screening ? map_.epoch_before_dose : epoch_of(row);
        }
        return Place{line->number, visit->name, std::move(epoch)};
    }

    std::string epoch_of(const LabRow& row) const {
        if (!row.study_day) {
            return {};
        }
        const bool before = *row.study_day < 0 || is_before_dose(row);
        return before ? map_.epoch_before_dose : map_.epoch_after_dose;
    }

    Keyed keyed(const SdtmTerm& term, const LabRow& row, const Place& place,
                std::size_t sequence) const {
        const Words words = words_of(map_, row);
        const auto [low, high] = reported_range(row.range_reported);
        const bool has_result = words.not_done.empty();
        const std::string time = sdtm_time(row.collected_at);
        Keyed keyed{{term.category, term.testcd, time, place.number, sequence}, {}};
        DatasetRow& cells = keyed.cells;
        cells = {cell(map_.study),
                 cell(std::string(to_string(term.domain))),
                 cell(fmt::format("{}-{}-{}", map_.study, row.site, row.subject)),
                 cell(std::to_string(sequence)),
                 cell(row.specimen),
                 cell(term.testcd),
                 cell(term.test)};
        if (term.domain == SdtmDomain::is) {
            cells.push_back(cell(term.agent));
        }
        for (DatasetCell& more : std::vector<DatasetCell>{
                 cell(term.category),
                 cell(words.original),
                 has_result ? cell(plain_unit(row.unit_reported)) : DatasetCell(),
                 cell(low),
                 cell(high),
                 cell(words.standard),
                 cell(row.value_num),
                 has_result ? cell(term.unit) : DatasetCell(),
                 cell(row.ref_low),
                 cell(row.ref_high),
                 cell(row.range_flag),
                 cell(words.not_done),
                 cell(words.reason),
                 cell(row.laboratory),
                 cell(term.loinc),
                 cell(term.specimen),
                 cell(term.method),
                 cell(std::string(baselines_.contains(row) ? "Y" : "")),
                 cell(std::string(row.derived_from.empty() ? "" : "Y")),
                 cell(certain_grade(row.grade)),
                 cell(row.lloq),
                 cell(row.uloq),
                 cell(place.number),
                 cell(place.name),
                 cell(place.epoch),
                 cell(time),
                 cell(row.study_day)}) {
            cells.push_back(std::move(more));
        }
        return keyed;
    }

    const study::StudyDefinition& study_;
    const SdtmMap& map_;
    std::span<const StudyResult> results_;
    Baselines baselines_;
};

}  // namespace

bool is_submitted(const SdtmMap& map, const LabRow& row) {
    return state_of(row) != ResultState::withdrawn && !map.omits(row.analyte);
}

Result<std::map<SdtmDomain, std::vector<DatasetRow>>> sdtm_rows(
    const study::StudyDefinition& study, std::span<const StudyResult> results) {
    return SubjectRows(study, results).all();
}

}  // namespace labrelay::targets
