#include "read_outcome.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "find_analyte.hpp"

namespace labrelay::mapping {
namespace {

/// One OBX of the message, as far as outcomes ask.
struct Candidate {
    const hl7::ObservationBinding* binding = nullptr;
    TestNames names;
    std::string sub_id;
    const OutcomeLine* outcome = nullptr;  ///< of the line that maps it
};

bool is_named(const OutcomeLine& outcome, const Candidate& words) {
    const auto named = [&](const TestName& name) {
        return !name.code.empty() && closeness(outcome, name.code, name.system).has_value();
    };
    return (named(words.names.first) || named(words.names.second)) &&
           (!outcome.sub_id || *outcome.sub_id == words.sub_id);
}

const OutcomeLine* outcome_of(const MappingContext& context, const hl7::Segment& obx,
                              const Candidate& candidate) {
    const TestLines lines = TestLines::find(
        context.source, context.configuration.lines_of(context.source), candidate.names);
    if (lines.ignore(trimmed_text(obx.field(2)), candidate.sub_id) != nullptr) {
        return nullptr;
    }
    for (const LineIndex::Closest* closest : {&lines.first, &lines.second}) {
        for (const ObservationLine* line : closest->observations) {
            const bool fits = !line->when_sub_id || *line->when_sub_id == candidate.sub_id;
            if (line->outcome && fits) {
                return &*line->outcome;
            }
        }
    }
    return nullptr;
}

using OrderKey = std::pair<std::size_t, std::size_t>;  // OBR and SPM

}  // namespace

Outcomes::Outcomes(const MappingContext& context,
                   const std::vector<hl7::ObservationBinding>& bindings) {
    const auto& lines = context.source.observations;
    if (std::none_of(lines.begin(), lines.end(),
                     [](const ObservationLine& line) { return line.outcome.has_value(); })) {
        return;
    }
    std::map<OrderKey, std::vector<Candidate>> orders;
    for (const hl7::ObservationBinding& binding : bindings) {
        if (!binding.certain || binding.specimen_observation) {
            continue;
        }
        const hl7::Segment obx = context.message.segment(binding.obx);
        Candidate candidate{&binding, TestNames::read(obx.field(3)), sub_id_of(obx), nullptr};
        candidate.outcome = outcome_of(context, obx, candidate);
        orders[{binding.obr, binding.spm}].push_back(std::move(candidate));
    }
    const auto is_words = [&](const Candidate& candidate) {
        return std::any_of(lines.begin(), lines.end(), [&](const ObservationLine& line) {
            return line.outcome && is_named(*line.outcome, candidate);
        });
    };
    for (const auto& [key, candidates] : orders) {
        // From the end, so that every number finds the words between it and the next number.
        const Candidate* words = nullptr;
        bool several = false;
        for (auto candidate = candidates.rbegin(); candidate != candidates.rend(); ++candidate) {
            if (candidate->outcome != nullptr) {
                if (words != nullptr && is_named(*candidate->outcome, *words)) {
                    partners_[candidate->binding->obx] = {words->binding->obx, several};
                    if (!several) {
                        words_.push_back(words->binding->obx);
                    }
                }
                words = nullptr;
                several = false;
            } else if (is_words(*candidate)) {
                several = words != nullptr;
                words = &*candidate;
            }
        }
    }
    std::sort(words_.begin(), words_.end());
}

std::optional<Outcomes::Partner> Outcomes::of(std::size_t obx) const {
    const auto found = partners_.find(obx);
    return found == partners_.end() ? std::nullopt : std::optional(found->second);
}

bool Outcomes::is_partner(std::size_t obx) const {
    return std::binary_search(words_.begin(), words_.end(), obx);
}

void take_outcome(ReadValue& read, const hl7::Segment& obx, const MappingContext& context,
                  const Outcomes::Partner& partner, Notes& notes) {
    const hl7::Segment words_obx = context.message.segment(partner.obx);
    Notes words_notes(context.lineage);
    const ReadValue words = read_value(words_obx, context.source.words, words_notes);
    const bool same_status = trimmed_text(words_obx.field(11)) == trimmed_text(obx.field(11));
    if (partner.several || !same_status || !agree(read, words)) {
        notes.hold(Code::outcome_differs, place_of(words_obx, 5),
                   partner.several ? "several observations hold words for it" : "", words.reported);
        return;
    }
    // "Titer" only says that there is a number.
    const bool says_something =
        words.value && words.value->kind != units::ReportedValue::Kind::detected;
    if (read.has_own || !says_something) {
        return;
    }
    read.value = words.value;
    read.empty = false;
    read.reported = words.reported;
    read.spot = words.spot;
    notes.step(
        "value.outcome",
        [&] {
            return say(Sentence::value_elsewhere, place_of(obx, 5).text,
                       place_of(words_obx, 5).text);
        },
        [&] { return std::vector{place_of(*words.spot)}; });
}

}  // namespace labrelay::mapping
