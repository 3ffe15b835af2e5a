#include "standardise.hpp"

#include <fmt/format.h>

#include "settle_unit.hpp"

namespace labrelay::mapping {
namespace {

using units::Comparator;
using units::Converted;
using units::ReportedValue;
using units::ResultState;
using units::UnitRule;
using Kind = ReportedValue::Kind;

std::vector<Place> read_at(const ValueQuestion& question) {
    return {place_of(*question.read.spot)};
}

bool is_below(Comparator comparator) {
    return comparator == Comparator::less || comparator == Comparator::less_equal;
}

class Standardiser {
public:
    Standardiser(const ValueQuestion& question, Notes& notes)
        : question_(question), reported_(*question.read.value), notes_(notes) {}

    StandardValue run() {
        out_.value.lloq = question_.line.lloq;
        out_.value.uloq = question_.line.uloq;
        switch (reported_.kind) {
            case Kind::number:
                number();
                break;
            case Kind::compared:
                compared();
                break;
            case Kind::ratio:
                ratio();
                break;
            case Kind::range:
                unreadable("a range is no single value");
                break;
            case Kind::not_detected:
                not_detected();
                break;
            case Kind::below_limit:
                named_limit(question_.line.lloq, Comparator::less, ResultState::below_lloq);
                break;
            case Kind::above_limit:
                named_limit(question_.line.uloq, Comparator::greater, ResultState::above_uloq);
                break;
            case Kind::detected:
                in_state(ResultState::qualitative, "DETECTED");
                break;
            case Kind::qualitative:
                in_state(ResultState::qualitative, reported_.word);
                break;
            case Kind::no_result:
                in_state(ResultState::no_result, "NO RESULT");
                break;
        }
        return std::move(out_);
    }

private:
    void in_state(ResultState state, std::string text) {
        out_.value.state = state;
        out_.value.value_text = std::move(text);
    }
    /// `Not detected (<20 copies/mL)`: the printed limit goes before the profile's, where its unit
    /// is certain; the result does not wait for it.
    void not_detected() {
        in_state(ResultState::not_detected, "NOT DETECTED");
        const units::AnalyteUnits& units = question_.line.units;
        const ReportedUnit::Reading reading = question_.unit.find_in(units);
        const bool certain = reading.rule && !reading.disagree && reading.of_another_kind.empty() &&
                             !reading.unknown_in_value &&
                             (reading.rule->kind == UnitRule::Kind::factor ||
                              reading.rule->kind == UnitRule::Kind::mantissa);
        if (!reported_.number || !certain) {
            return;
        }
        const Result<Converted> limit = units::convert(*reported_.number, *reading.rule);
        if (!limit) {
            return;
        }
        out_.value.lloq = limit->stored;
        if (limit->exact != limit->stored) {
            out_.value.most = limit->exact;
        }
        notes_.step(
            "value.limit",
            [&] {
                return say(Sentence::limit_printed, limit->stored.to_string(), units.canonical());
            },
            [&] { return read_at(question_); });
    }
    void unreadable(std::string why) {
        notes_.hold(Code::value_unreadable, place_of(question_.obx, 5), std::move(why),
                    question_.read.reported);
    }

    std::optional<Converted> convert(const Decimal& number, const UnitRule& rule) {
        Result<Converted> converted = units::convert(number, rule);
        if (!converted) {
            notes_.hold(converted.error().code, place_of(question_.obx, 5), {},
                        question_.read.reported);
            return std::nullopt;
        }
        if (!converted->rule.empty()) {
            notes_.step("unit.convert", [&] {
                return say(Sentence::unit_converted, number.to_string(), converted->rule,
                           converted->stored.to_string(), question_.line.units.canonical());
            });
            out_.value.conversion_rule = converted->rule;
        }
        return std::move(*converted);
    }

    /// A number or a limit whose unit makes it an index or a titre: kept as it was reported.
    void in_words() {
        const std::string unit = question_.unit.shown();
        in_state(ResultState::qualitative,
                 fmt::format("{}{}{}{}", to_string(reported_.comparator),
                             reported_.number->to_string(), unit.empty() ? "" : " ", unit));
        out_.value.comparator = reported_.comparator;
        notes_.step("value.state", [] { return say(Sentence::index_in_words); });
    }

    void number() {
        const std::optional<UnitRule> rule = settle_unit(question_, notes_);
        if (!rule) {
            return;
        }
        if (rule->kind == UnitRule::Kind::not_a_quantity) {
            in_words();
            return;
        }
        if (reported_.number->is_zero() && question_.analyte.zero_is_no_quantity) {
            zero();
            return;
        }
        const std::optional<Converted> converted = convert(*reported_.number, *rule);
        if (!converted) {
            return;
        }
        in_state(ResultState::quantified, converted->stored.to_string());
        out_.value.value_num = converted->stored;
        if (converted->exact != converted->stored) {
            out_.value.least = converted->exact;
            out_.value.most = converted->exact;
        }
        out_.exact = converted->exact;
        out_.rule = rule;
        note_limits(converted->exact);
    }

    /// No assay counts nothing: some laboratories write 0 for not detected, and some for no value.
    void zero() {
        if (question_.source.zero_means == ZeroMeaning::undeclared) {
            notes_.hold(Code::zero_undeclared, place_of(question_.obx, 5), {},
                        question_.read.reported);
            return;
        }
        in_state(ResultState::not_detected, "NOT DETECTED");
        notes_.step("value.state",
                    [&] { return say(Sentence::zero_not_detected, question_.source.file); });
    }

    /// A number outside the assay's limits is what the laboratory says: it stays a number.
    void note_limits(const Decimal& exact) {
        const auto& line = question_.line;
        const bool below = line.lloq && exact < *line.lloq;
        if (below || (line.uloq && exact > *line.uloq)) {
            notes_.step("value.limits", [&] {
                return say(below ? Sentence::number_below_limit : Sentence::number_above_limit,
                           (below ? line.lloq : line.uloq)->to_string(), line.place.text);
            });
        }
    }

    void compared() {
        const std::optional<UnitRule> rule = settle_unit(question_, notes_);
        if (!rule) {
            return;
        }
        if (rule->kind == UnitRule::Kind::not_a_quantity) {
            in_words();
            return;
        }
        const std::optional<Converted> limit = convert(*reported_.number, *rule);
        if (limit && is_plausible_limit(limit->exact)) {
            at_limit(
                *limit, reported_.comparator,
                is_below(reported_.comparator) ? ResultState::below_lloq : ResultState::above_uloq);
        }
    }

    /// A limit of which no plausible value lies on the side that is said, such as `< 1.0E+20`
    /// copies, is a mistake of the sender or of a reader before us.
    bool is_plausible_limit(const Decimal& limit) {
        const study::Limits& plausible = question_.analyte.plausible;
        const bool below = is_below(reported_.comparator);
        const bool strict =
            reported_.comparator == Comparator::less || reported_.comparator == Comparator::greater;
        const bool inside = plausible.contain(limit);
        const bool nothing_left =
            strict && ((below && plausible.low == limit) || (!below && plausible.high == limit));
        if (inside && !nothing_left) {
            return true;
        }
        notes_.hold(Code::implausible_value, place_of(question_.obx, 5),
                    "the limit lies outside the analyte's plausibility limits",
                    question_.read.reported);
        return false;
    }

    /// `< Titer min`: the limit itself stands in the assay's profile.
    void named_limit(const std::optional<Decimal>& limit, Comparator comparator,
                     ResultState state) {
        if (!limit) {
            notes_.hold(Code::below_limit_unknown, place_of(question_.obx, 5), {},
                        question_.read.reported);
            return;
        }
        notes_.step("value.limit", [&] {
            return say(Sentence::limit_of_assay, limit->to_string(), question_.line.place.text);
        });
        in_state(state, fmt::format("{}{}", to_string(comparator), limit->to_string()));
        out_.value.comparator = comparator;
    }

    void at_limit(const Converted& limit, Comparator comparator, ResultState state) {
        const bool below = state == ResultState::below_lloq;
        out_.value.comparator = comparator;
        (below ? out_.value.lloq : out_.value.uloq) = limit.stored;
        if (limit.exact != limit.stored) {
            (below ? out_.value.most : out_.value.least) = limit.exact;
        }
        if (below && !reported_.detected_said &&
            question_.source.below_means == BelowMeaning::not_detected) {
            in_state(ResultState::not_detected, "NOT DETECTED");
            notes_.step("value.state",
                        [&] { return say(Sentence::below_not_detected, question_.source.file); });
            return;
        }
        in_state(state, fmt::format("{}{}", to_string(comparator), limit.stored.to_string()));
        notes_.step("value.state", [&] {
            return say(Sentence::limit_only, out_.value.value_text,
                       question_.line.units.canonical());
        });
    }

    /// `1:128` is a titre for an analyte that is kept in words; for a quantity it is not a value.
    void ratio() {
        if (question_.line.units.has_unit()) {
            unreadable("a titre where a quantity is expected");
            return;
        }
        in_state(ResultState::qualitative,
                 fmt::format("{}{}:{}", to_string(reported_.comparator),
                             reported_.number->to_string(), reported_.second->to_string()));
        out_.value.comparator = reported_.comparator;
    }

    const ValueQuestion& question_;
    const ReportedValue& reported_;
    Notes& notes_;
    StandardValue out_;
};

}  // namespace

StandardValue standardise(const ValueQuestion& question, Notes& notes) {
    notes.step(
        "value.read", [&] { return describe_value(question.read); },
        [&] { return read_at(question); });
    StandardValue standard = Standardiser(question, notes).run();
    standard.value.unit = question.line.units.canonical();
    return standard;
}

}  // namespace labrelay::mapping
