#include "labrelay/mapping/apply.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "check_value.hpp"
#include "find_analyte.hpp"
#include "grade_value.hpp"
#include "hidden_results.hpp"
#include "learn_specimens.hpp"
#include "order_reader.hpp"
#include "read_outcome.hpp"
#include "read_status.hpp"
#include "replicates.hpp"
#include "withhold.hpp"

namespace labrelay::mapping {
namespace {

using study::Disposition;
using study::ObservationStatus;
using study::ProposedObservation;

std::string first_text(const hl7::Element& element, std::initializer_list<std::size_t> components) {
    if (element.has_value()) {
        for (const std::size_t number : components) {
            const std::string text = element.component(number).text();
            if (const std::string_view found = trimmed(text); !found.empty()) {
                return std::string(found);
            }
        }
    }
    return {};
}

/// One OBX on its way through the rules of apply.md.
class ObservationMapper {
public:
    ObservationMapper(const MappingContext& context, OrderReader& orders, VersionTimes& versions,
                      const Outcomes& outcomes, const hl7::ObservationBinding& binding,
                      ProposedObservation& out)
        : context_(context),
          source_(context.source),
          orders_(orders),
          versions_(versions),
          outcomes_(outcomes),
          binding_(binding),
          obx_(context.message.segment(binding.obx)),
          notes_(context.lineage),
          value_notes_(context.lineage),
          out_(out) {}

    void map(std::int32_t ordinal) {
        out_.ordinal = ordinal;
        out_.place = place_of(obx_);
        read_names();
        if (!binding_.certain) {
            notes_.hold(Code::unbound_observation, out_.place);
            finish();
            return;
        }
        const OrderReading& order = linked(orders_.read(binding_));
        if (order.specimen.control) {
            out_.status_code = obx_.field(11).text();
            because([&] { return say(Sentence::not_patient, order.specimen.why); },
                    [&] { return order.specimen.role_at; });
            ignore(Code::control_specimen);
            return;
        }
        if (order.specimen.role_unknown) {
            out_.status_code = obx_.field(11).text();
            notes_.hold(Code::specimen_role_unknown,
                        place_of(context_.message.segment(binding_.spm), 11), {},
                        order.specimen.why);
            finish();
            return;
        }
        read_status_and_unit();
        if (const Code rule = rule_of_no_result(); rule != Code::none) {
            ignore(rule);
            return;
        }
        if (binding_.specimen_observation) {
            // By the book it describes the specimen, by its code it is a result: not for us to
            // choose.
            notes_.hold(Code::unbound_observation, out_.place,
                        "it stands where an SPM is described");
        }
        take_order(order);
        place_visit();
        if (order.subject.not_registered) {
            notes_.append(order.whose);
            ignore(Code::not_registered);
            return;
        }
        map_value(order);
        finish();
    }

private:
    std::optional<hl7::Segment> obr() const {
        if (binding_.obr == 0) {
            return std::nullopt;
        }
        return context_.message.segment(binding_.obr);
    }

    void read_names() {
        names_ = TestNames::read(obx_.field(3));
        out_.code = names_.own().code;
        out_.code_system = names_.own().system;
        out_.code_text = names_.own().text.empty() ? names_.first.text : names_.own().text;
        out_.sub_id = sub_id_of(obx_);
        lines_ = TestLines::find(source_, context_.configuration.lines_of(source_), names_);
    }

    void read_status_and_unit() {
        status_ = read_status(obx_, obr());
        out_.status_code = status_.code;
        out_.status = status_.status.value_or(ObservationStatus::preliminary);
        unit_ = ReportedUnit(obx_.field(6));
    }

    /// OBX-5, read once and only for what needs it: most of a hospital's results belong to no
    /// trial.
    const ReadValue& value() {
        if (!read_) {
            read_ = read_value(obx_, source_.words, value_notes_);
            if (const auto partner = outcomes_.of(binding_.obx)) {
                take_outcome(*read_, obx_, context_, *partner, value_notes_);
            }
            if (read_->value) {
                unit_.add_from_value(read_->value->unit);
            }
        }
        return *read_;
    }

    /// What is no result for a study, before anything is asked about its patient.
    Code rule_of_no_result() {
        if (names_.blank()) {
            // A heading; a line with a value and without a code is a result that lacks its name.
            return value().value ? Code::none : Code::title_line;
        }
        const std::string type = trimmed_text(obx_.field(2));
        if (const IgnoreLine* line = lines_.ignore(type, out_.sub_id)) {
            because([&] { return say(Sentence::ignored_line, line->because, line->place.text); },
                    [&] { return own_code(); });
            return Code::ignored_by_source;
        }
        if (outcomes_.is_partner(binding_.obx)) {
            return Code::outcome_of_another;
        }
        if ((type == "ED" || type == "RP") && !lines_.mapped()) {
            // A picture or a pointer of a test that nobody mapped: kept, and nobody needs to map
            // it.
            because([&] { return say(Sentence::value_type, place_of(obx_, 2).text, type); },
                    [&] {
                        return place_of(Spot{obx_, 2});
                    });
            return Code::value_not_for_study;
        }
        if (binding_.specimen_observation && !lines_.mapped()) {
            return Code::specimen_observation;
        }
        if (status_.order_detail) {
            return Code::order_detail;
        }
        if (status_.pending && value().empty) {
            return Code::result_pending;
        }
        return Code::none;
    }

    /// A person's word whose it is goes before what the identifiers say, and before their doubts.
    const OrderReading& linked(const OrderReading& read) {
        const study::Overlay* said =
            study::decision(context_.overlays, out_.ordinal, study::OverlayKind::subject);
        const study::Subject* subject =
            said != nullptr ? context_.registry.subject(said->subject) : nullptr;
        if (subject == nullptr) {
            return read;
        }
        OrderReading& order = linked_.emplace(read);
        order.subject.not_registered = false;
        order.subject.subjects = person_with(context_, *subject);
        Notes compared(context_.lineage);
        check_person(context_, binding_, order.subject.subjects, compared);
        // What speaks against it is still told, and holds nothing any more.
        Notes whose(context_.lineage);
        for (const Finding& finding : compared.findings()) {
            whose.find(finding.code, std::min(finding.severity, Severity::warning), finding.place,
                       finding.detail, finding.value);
        }
        for (study::LineageStep& step : compared.steps()) {
            whose.step(
                step.rule, [&] { return std::move(step.said); },
                [&] { return std::move(step.read); });
        }
        for (const Finding& finding : order.whose.findings()) {
            if (finding.severity != Severity::hold) {
                whose.find(finding.code, finding.severity, finding.place, finding.detail,
                           finding.value);
            }
        }
        const Code code = said->moves() ? Code::moved_to_subject : Code::linked_by_person;
        whose.note(code, out_.place);
        whose.step(key(code), [&] { return say(code); });
        order.whose = std::move(whose);
        out_.subject_by_person = true;
        return order;
    }

    void place_visit() {
        const study::Overlay* said =
            study::decision(context_.overlays, out_.ordinal, study::OverlayKind::visit);
        if (said == nullptr) {
            return;
        }
        out_.registered_visit = said->visit;
        out_.visit_by_person = true;
        notes_.note(Code::placed_by_person, out_.place);
        notes_.step(key(Code::placed_by_person), [&] {
            return said->visit.empty() ? say(Sentence::person_unscheduled)
                                       : say(Sentence::person_placed, said->visit);
        });
    }

    /// Doubts about the value that a person has settled hold it no longer, and are still told.
    void take_as_accepted() {
        std::vector<Finding> said;
        for (Finding& finding : notes_.findings()) {
            if (finding.severity != Severity::hold) {
                continue;
            }
            switch (study::acceptance(context_.overlays, out_.ordinal, finding.code,
                                      out_.value.value_reported, out_.value.unit_reported)) {
                case study::Acceptance::none:
                    break;
                case study::Acceptance::stale:
                    said.push_back({Code::overlay_stale, Severity::warning, finding.place, {}, {}});
                    break;
                case study::Acceptance::accepted:
                    finding.severity = Severity::warning;
                    said.push_back({Code::accepted_by_person,
                                    Severity::note,
                                    finding.place,
                                    std::string(key(finding.code)),
                                    {}});
                    break;
            }
        }
        for (Finding& finding : said) {
            notes_.step(key(finding.code),
                        [&] { return say(finding.code) + plain(" " + finding.detail); });
            notes_.findings().push_back(std::move(finding));
        }
    }

    void take_order(const OrderReading& order) {
        for (const study::Subject* subject : order.subject.subjects) {
            out_.subjects.push_back(subject->id);
        }
        out_.patient = order.subject.patient;
        out_.specimen_name = order.specimen.name;
        out_.specimen = order.specimen.identity;
        if (order.specimen.registered != nullptr) {
            out_.registered_visit = order.specimen.registered->visit;
        }
        out_.collected = order.collection.time;
        out_.collected_local = order.collection.local;
        out_.reported_at = versions_.reported_at(binding_);
        out_.laboratory = first_text(obx_.field(23), {1});
        if (out_.laboratory.empty()) {
            out_.laboratory = first_text(obx_.field(15), {2, 1});
        }
        if (out_.laboratory.empty()) {
            out_.laboratory = source_.laboratory;
        }
        out_.method = first_text(obx_.field(17), {2, 1});
        out_.device = first_text(obx_.field(18), {1});
    }

    void map_value(const OrderReading& order) {
        if (!status_.status) {
            notes_.hold(Code::status_unknown, place_of(obx_, 11), {}, status_.code);
        }
        if (status_.order_differs) {
            notes_.warn(Code::order_status_differs, place_of(*obr(), 25), {},
                        fmt::format("{} and {}", status_.order_code, status_.code));
        }
        const LineAnswer answer = find_analyte(order);
        notes_.append(order.whose);
        append_times(order);
        const VersionTime version = versions_.read(binding_, notes_);
        out_.version_time = version.instant;
        out_.own_version_time = version.own;
        keep_reported();
        line_ = answer.line;
        if (answer.line != nullptr) {
            check_loinc();
            standardise_value(*answer.line, order);
        }
    }

    /// A LOINC code states its analyte, whether the source's file maps it or not: a percent under
    /// the code of a count, copies under that of international units.
    void check_loinc() {
        if (!source_.believes_loinc) {
            return;
        }
        for (const TestName* name : {&names_.first, &names_.second}) {
            const study::Analyte* owner = name->system == "LN" ? loinc_owner(name->code) : nullptr;
            if (owner != nullptr && owner->key != out_.analyte) {
                notes_.hold(Code::loinc_differs, place_of(obx_, 3),
                            fmt::format("{} is {}, the source's file says {}", name->code,
                                        owner->key, out_.analyte),
                            name->code);
                return;
            }
        }
    }

    /// Most codes are their own line's analyte's: that one is asked first.
    const study::Analyte* loinc_owner(std::string_view code) const {
        const auto owns = [&](const study::Analyte& analyte) {
            return std::ranges::find(analyte.loinc, code) != analyte.loinc.end();
        };
        const study::StudyRules& rules = context_.configuration.rules();
        const study::Analyte* own = rules.analyte(out_.analyte);
        if (own != nullptr && owns(*own)) {
            return own;
        }
        const auto found = std::ranges::find_if(rules.analytes, owns);
        return found == rules.analytes.end() ? nullptr : &*found;
    }

    LineAnswer find_analyte(const OrderReading& order) {
        std::optional<LocalDay> day;
        if (order.collection.local) {
            day = order.collection.local->day;
        }
        value();  // the unit may stand in its text
        const LineAnswer answer = find_line(lines_, {unit_, out_.sub_id, day});
        if (answer.line == nullptr) {
            hold_unmapped(answer.problem);
            return answer;
        }
        out_.analyte = answer.line->analyte;
        if (out_.method.empty()) {
            out_.method = answer.line->assay;
        }
        const bool by_unit = !answer.line->when_units.empty();
        if (by_unit) {
            out_.identity_unit = answer.line->units.canonical();
        }
        notes_.step(
            "map.code", [&] { return say_mapped(*answer.line, by_unit); },
            [&] { return read_for(answer, by_unit); });
        return answer;
    }

    Said say_mapped(const ObservationLine& line, bool by_unit) const {
        const std::string place = place_of(obx_, 3).text;
        const std::string& by = line.place.text;
        if (out_.code_system.empty()) {
            return by_unit ? say(Sentence::map_code_in, place, out_.code, unit_.shown(),
                                 out_.analyte, by)
                           : say(Sentence::map_code, place, out_.code, out_.analyte, by);
        }
        return by_unit ? say(Sentence::map_code_of_in, place, out_.code, out_.code_system,
                             unit_.shown(), out_.analyte, by)
                       : say(Sentence::map_code_of, place, out_.code, out_.code_system,
                             out_.analyte, by);
    }

    /// The name that decided, and the unit where the line asks for it.
    std::vector<Place> read_for(const LineAnswer& answer, bool by_unit) const {
        std::vector<Place> read{place_of(Spot{obx_, 3, answer.by_second ? 4U : 1U})};
        if (by_unit) {
            const ReportedUnit::Reading unit = unit_.find_in(answer.line->units);
            read.push_back(place_of(unit.in_value && read_->spot ? *read_->spot
                                                                 : Spot{obx_, 6, unit.component}));
        }
        return read;
    }

    void hold_unmapped(Code problem) {
        const bool by_unit = problem == Code::unknown_unit || problem == Code::missing_unit;
        if (by_unit && value_notes_.holds()) {
            // Of a value that can never be one nobody needs to know the unit.
            notes_.append(value_notes_);
        }
        notes_.hold(problem, place_of(obx_, by_unit ? 6 : 3), {},
                    by_unit ? unit_.shown() : out_.code);
        notes_.step(
            "map.code",
            [&] {
                return say(by_unit ? Sentence::map_no_unit : Sentence::map_no_line, source_.file,
                           place_of(obx_, by_unit ? 6 : 3).text);
            },
            [&] {
                return std::vector{by_unit ? place_of(Spot{obx_, 6, 0}) : own_code()};
            });
    }

    /// A withdrawal or a promotion is about a value that is stored with its time.
    void append_times(const OrderReading& order) {
        const bool is_about_another = out_.status == ObservationStatus::withdrawn ||
                                      (out_.status == ObservationStatus::promoted && value().empty);
        if (!is_about_another || order.when.first_hold() != Code::collection_time_missing) {
            notes_.append(order.when);
        }
    }

    void keep_reported() {
        out_.value.value_reported = value().reported;
        out_.value.unit_reported = unit_.shown();
        out_.value.range_reported = obx_.field(7).text_with_delimiters();
        out_.value.flags_reported = value().flags.reported;
    }

    void standardise_value(const ObservationLine& line, const OrderReading& order) {
        const study::Analyte* analyte = context_.configuration.rules().analyte(line.analyte);
        if (analyte == nullptr) {
            notes_.hold(Code::unknown_code, place_of(obx_, 3),
                        "the analyte is not in the catalogue");
            return;
        }
        out_.value.unit = line.units.canonical();
        switch (out_.status) {
            case ObservationStatus::not_done:
                without_value(units::ResultState::not_done, "NOT DONE");
                return;
            case ObservationStatus::withdrawn:
                without_value(units::ResultState::withdrawn, "WITHDRAWN");
                return;
            case ObservationStatus::promoted:
                if (value().empty) {
                    return;
                }
                break;
            case ObservationStatus::preliminary:
            case ObservationStatus::final:
            case ObservationStatus::corrected:
                break;
        }
        notes_.append(value_notes_);
        if (value().empty) {
            notes_.hold(Code::value_missing, place_of(obx_, 5));
            flag_value_in_notes(context_, binding_, notes_);
        }
        if (!value().value) {
            return;
        }
        const ValueQuestion question{obx_, value(), unit_, line, *analyte, source_};
        const Person person = person_of(order.subject.subjects, out_.collected_local);
        const ValueChecks checks(context_.configuration.rules(), source_.id, line.analyte,
                                 order.subject.subjects);
        StandardValue standard = standardise(question, notes_);
        const Surroundings around{
            context_,       binding_,          person, out_.collected_local, out_.version_time,
            standard.exact, question.read.spot};
        study::ResultValue value =
            check_value(question, person, checks, std::move(standard), notes_);
        check_surroundings(checks, around, notes_);
        grade_value(context_, question, order.subject.subjects, value, notes_);
        value.value_reported = std::move(out_.value.value_reported);
        value.unit_reported = std::move(out_.value.unit_reported);
        value.range_reported = std::move(out_.value.range_reported);
        value.flags_reported = std::move(out_.value.flags_reported);
        out_.value = std::move(value);
    }

    void without_value(units::ResultState state, std::string text) {
        out_.value.state = state;
        out_.value.value_text = std::move(text);
        notes_.step(
            "value.state",
            [&] {
                return say(Sentence::value_by_status, place_of(obx_, 11).text, status_.code,
                           to_string(state));
            },
            [&] {
                return std::vector{place_of(Spot{obx_, 11})};
            });
    }

    Place own_code() const { return place_of(Spot{obx_, 3, names_.first.code.empty() ? 4U : 1U}); }

    /// Most of a hospital's results are ignored: nobody may want to know why.
    template <class Says, class Read>
    void because(const Says& says, const Read& read) {
        if (context_.lineage == Lineage::written) {
            because_ = says();
            because_at_ = {read()};
        }
    }

    void ignore(Code rule) {
        notes_.step(
            key(rule), [&] { return because_.empty() ? say(rule) : std::move(because_); },
            [&] { return std::move(because_at_); });
        out_.disposition = Disposition::ignored;
        out_.rule = rule;
        out_.findings = std::move(notes_.findings());
        out_.lineage = std::move(notes_.steps());
    }

    void finish() {
        if (!context_.overlays.empty()) {
            take_as_accepted();
        }
        out_.rule = notes_.first_hold();
        if (out_.rule == Code::none && line_ != nullptr) {
            withhold_unread({obx_, value(), unit_, *line_, source_}, out_, notes_);
        }
        out_.disposition = out_.rule == Code::none ? Disposition::stored : Disposition::held;
        out_.findings = std::move(notes_.findings());
        out_.lineage = std::move(notes_.steps());
    }

    const MappingContext& context_;
    const SourceDefinition& source_;
    OrderReader& orders_;
    VersionTimes& versions_;
    const Outcomes& outcomes_;
    const hl7::ObservationBinding& binding_;
    hl7::Segment obx_;
    std::optional<OrderReading> linked_;  ///< where a person said whose it is
    Notes notes_;
    Notes value_notes_;  ///< what reading OBX-5 said, told after what comes before it
    TestNames names_;
    TestLines lines_;
    StatusReading status_;
    ReportedUnit unit_;
    std::optional<ReadValue> read_;
    const ObservationLine* line_ = nullptr;  ///< the one that maps it
    Said because_;  ///< why it is ignored, where there is more to say than the rule
    std::vector<Place> because_at_;
    ProposedObservation& out_;
};

}  // namespace

MappedMessage map_message(const MappingContext& context) {
    MappedMessage mapped;
    const std::vector<hl7::ObservationBinding> bindings = hl7::bind_observations(
        context.message, hl7::BindingRules{context.source.sub_id_names_specimen});
    mapped.observations.reserve(bindings.size());
    SpecimenLessons lessons(context);
    OrderReader orders(context, lessons);
    VersionTimes versions(context);
    const Outcomes outcomes(context, bindings);
    std::int32_t ordinal = 0;
    for (const hl7::ObservationBinding& binding : bindings) {
        ObservationMapper(context, orders, versions, outcomes, binding,
                          mapped.observations.emplace_back())
            .map(++ordinal);
    }
    settle_replicates(context, bindings, mapped.observations);
    read_orders_without_result(context, bindings, orders);
    flag_results_below_orders(context, bindings, orders, mapped);
    mapped.learned = std::move(lessons).all();
    return mapped;
}

}  // namespace labrelay::mapping
