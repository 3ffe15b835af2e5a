#include "labrelay/views/problem_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "labrelay/study/placement.hpp"
#include "labrelay/views/masking.hpp"

namespace labrelay::views {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr int kOldHours = 7 * 24;
constexpr int kWindowDays = 7;
constexpr std::string_view kKeptBack = "•••";

/// What the object of a rule's problems is: how it is taken apart (src/store/hold_writer.cpp).
enum class Form : std::uint8_t { code, unit, value, patient, specimen, subject, result, other };

/// Who the people are that can end a cause.
constexpr std::string_view kMapper = "mapper";
constexpr std::string_view kManager = "data manager";
constexpr std::string_view kLaboratory = "laboratory, asked by a data manager";
constexpr std::string_view kSite = "site, asked by a data manager";
constexpr std::string_view kEngineer = "mapper or administrator";

/// `weight`: what a wrong decision, or none, could do: 2 another person's value or another value in
/// the study, 1 a value that is missing, 0 nothing yet. In the sentences {object}, {code}, {unit},
/// {analyte}, {value}, {patient}, {specimen}, {subject} and {source} are filled in.
struct RuleWords {
    Code rule;
    Form form;
    int weight;
    std::string_view fixes;
    std::string_view sentence;
    std::string_view expected;
    std::string_view came;
};

constexpr std::array kRules{
    RuleWords{Code::unknown_code, Form::code, 1, kMapper,
              "Test code \"{code}\" from {source} is not mapped",
              "a code that the source's mapping knows", "code {code}"},
    RuleWords{Code::ambiguous_code, Form::code, 1, kMapper,
              "Test code \"{code}\" from {source} fits more than one line of the mapping",
              "a code that fits one line", "code {code}"},
    RuleWords{Code::unknown_unit, Form::unit, 1, kMapper, "Unknown unit \"{unit}\" for {analyte}",
              "a unit that is known for {analyte}", "unit {unit}"},
    RuleWords{Code::missing_unit, Form::unit, 1, kMapper, "No unit came for {analyte}",
              "a unit for {analyte}", "none"},
    RuleWords{Code::needs_assay_factor, Form::unit, 1, kMapper,
              "{analyte} in \"{unit}\" converts only with the assay's factor", "the assay's factor",
              "unit {unit}"},
    RuleWords{Code::unit_needs_substance, Form::unit, 1, kMapper,
              "Unit \"{unit}\" is ambiguous for {analyte}", "one meaning of the unit",
              "unit {unit}"},
    RuleWords{Code::unit_mix_up, Form::unit, 2, kLaboratory,
              "{analyte} is unusual in \"{unit}\" and usual in another unit",
              "a value that is usual in its unit", "unit {unit}"},
    RuleWords{Code::unknown_subject, Form::patient, 1, kManager,
              "Patient {patient} is in no registry", "a patient who is registered",
              "patient {patient}"},
    RuleWords{Code::no_identifier, Form::patient, 1, kEngineer,
              "Messages of {source} name no patient", "an identifier that the mapping reads",
              "none"},
    RuleWords{Code::identifiers_disagree, Form::patient, 2, kSite,
              "Identifiers of one message belong to different subjects: {patient}",
              "identifiers of one subject", "{patient}"},
    RuleWords{Code::birth_date_contradicts, Form::patient, 2, kSite,
              "The birth date of patient {patient} contradicts the registry",
              "the registry's birth date", "another one"},
    RuleWords{Code::sex_contradicts, Form::patient, 2, kSite,
              "The sex of patient {patient} contradicts the registry", "the registry's sex",
              "another one"},
    RuleWords{Code::sex_word_unknown, Form::patient, 1, kMapper,
              "{source} writes the patient's sex in a word that is not declared",
              "a word that the mapping knows", "another one"},
    RuleWords{Code::sex_bound_test, Form::patient, 2, kSite,
              "A test of the other sex came for patient {patient}",
              "a test that fits the patient's sex", "another one"},
    RuleWords{Code::collected_before_birth, Form::patient, 2, kSite,
              "A specimen of patient {patient} was collected before birth",
              "a collection after birth", "an earlier one"},
    RuleWords{Code::unknown_specimen, Form::specimen, 1, kManager,
              "Specimen {specimen} is not registered", "a specimen that is registered",
              "specimen {specimen}"},
    RuleWords{Code::specimen_conflict, Form::specimen, 2, kLaboratory,
              "Specimen {specimen} is registered for another subject",
              "a specimen of the message's patient", "specimen {specimen}"},
    RuleWords{Code::collection_time_missing, Form::specimen, 1, kSite,
              "Specimen {specimen} has no collection time", "the time of the draw", "none"},
    RuleWords{Code::collection_time_bad, Form::specimen, 1, kLaboratory,
              "The collection time of specimen {specimen} cannot be read",
              "a valid time of the draw", "another text"},
    RuleWords{Code::collection_time_imprecise, Form::specimen, 1, kSite,
              "The collection time of specimen {specimen} does not say the day",
              "at least the day of the draw", "less than that"},
    RuleWords{Code::collected_in_future, Form::specimen, 1, kLaboratory,
              "Specimen {specimen} was collected after its message came",
              "a time of the draw before the message", "a later one"},
    RuleWords{Code::collected_after_report, Form::specimen, 1, kLaboratory,
              "Specimen {specimen} was collected after its result was reported",
              "a time of the draw before the report", "a later one"},
    RuleWords{Code::collection_time_ambiguous, Form::specimen, 1, kLaboratory,
              "The collection time of specimen {specimen} is ambiguous on that day",
              "a time that occurs once", "one that occurs twice or not at all"},
    RuleWords{Code::unbound_observation, Form::specimen, 1, kEngineer,
              "It is not certain what a result of specimen {specimen} belongs to",
              "segments in a certain order", "another order"},
    RuleWords{Code::panel_differs, Form::specimen, 2, kLaboratory,
              "Results of specimen {specimen} do not agree with each other", "results that agree",
              "results that do not"},
    RuleWords{Code::visit_anchor_unknown, Form::subject, 1, kSite,
              "The first infusion of subject {subject} is not known",
              "the day of the first infusion", "none"},
    RuleWords{Code::screening_unknown, Form::subject, 1, kSite,
              "Subject {subject} has neither a consent date nor a start of screening",
              "one of the two dates", "none"},
    RuleWords{Code::visit_time_needed, Form::subject, 1, kSite,
              "Was the blood of subject {subject} drawn before the dose?",
              "a time of the draw on the day of an infusion", "the day alone"},
    RuleWords{Code::visit_ambiguous, Form::subject, 1, kManager,
              "More than one visit of subject {subject} fits the draw", "one visit",
              "more than one"},
    RuleWords{Code::visit_contradicts, Form::subject, 1, kSite,
              "The registered visit of subject {subject} does not fit the day of the draw",
              "a draw within the visit", "another day"},
    RuleWords{Code::final_differs, Form::result, 2, kLaboratory,
              "Another final value came for {object} without a correction status",
              "a correction status", "another final value"},
    RuleWords{Code::nothing_to_promote, Form::result, 1, kLaboratory,
              "{object} was made final, and no earlier value is here", "an earlier value", "none"},
    RuleWords{Code::identity_twice, Form::result, 1, kLaboratory,
              "{object} came twice in one message", "one result", "two"},
    RuleWords{Code::implausible_value, Form::result, 2, kLaboratory,
              "The value of {object} lies outside the plausible limits",
              "a value within the analyte's limits", "one outside"},
    RuleWords{Code::duplicate_differs, Form::result, 2, kLaboratory,
              "{object} came twice with different values", "one value", "two"},
    RuleWords{Code::delta_exceeded, Form::result, 2, kLaboratory,
              "{object} differs more from the previous value than the study expects",
              "a change that the study expects", "a larger one"},
    RuleWords{Code::course_factor, Form::result, 2, kLaboratory,
              "{object} is away from the subject's course by the factor between two units",
              "a value in the subject's course", "one away from it"},
    RuleWords{Code::value_unreadable, Form::value, 1, kMapper,
              "Value \"{value}\" of {code} is neither a number nor a known word",
              "a number, or a word that is known", "\"{value}\""},
    RuleWords{Code::number_separator, Form::value, 1, kMapper,
              "The comma in \"{value}\" of {code} is not declared",
              "a number whose separator is declared", "\"{value}\""},
    RuleWords{Code::nearer_after_delivery, Form::other, 1, kManager,
              "A nearer draw came after another had been delivered: {object}", "one draw a visit",
              "a nearer one"},
    RuleWords{Code::identifier_proposed, Form::other, 1, kManager,
              "A new identifier is proposed: {object}", "an identifier that is registered",
              "a new one"},
    RuleWords{Code::merge_proposed, Form::other, 2, kManager,
              "Two identifiers are to be merged: {object}", "one identifier", "a merge"},
    RuleWords{Code::withdrawn_whole_specimen, Form::other, 2, kManager,
              "The laboratory withdrew all results of a specimen: {object}", "results that hold",
              "a withdrawal"},
};

const RuleWords* words_for(Code rule) {
    const auto* const found = std::ranges::find(kRules, rule, &RuleWords::rule);
    return found == kRules.end() ? nullptr : found;
}

/// `subject 17, …` with the subject's label, as far as the person sees it.
std::string with_label(std::string_view object, const Sight& sight) {
    constexpr std::string_view kSubject = "subject ";
    if (!object.starts_with(kSubject)) {
        return std::string(object);
    }
    SubjectId id;
    const char* const end = object.data() + object.size();
    const auto [rest, error] = std::from_chars(object.data() + kSubject.size(), end, id.value);
    const study::Subject* subject = error == std::errc() ? sight.registry().subject(id) : nullptr;
    return subject == nullptr || !sight.sees(*subject) ? std::string(object)
                                                       : subject->label() + std::string(rest, end);
}

std::string analyte_name(std::string_view key, const Sight& sight) {
    const study::Analyte* analyte = sight.configuration().rules().analyte(key);
    return analyte == nullptr ? std::string(key) : analyte->name;
}

std::string code_of(std::string_view object) {
    return std::string(object.substr(0, object.find('^')));
}

std::map<std::string, std::string> parameters_of(Form form, const std::string& object,
                                                 const store::BoardProblem& problem,
                                                 const Sight& sight) {
    std::map<std::string, std::string> parameters{{"object", object}, {"source", problem.source}};
    const std::string_view text = object;
    switch (form) {
        case Form::code:
            parameters["code"] = code_of(text);
            break;
        case Form::unit: {
            const std::size_t of = text.rfind(" for ");
            if (of != std::string_view::npos) {
                parameters["unit"] = text.substr(0, of);
                parameters["analyte"] = analyte_name(text.substr(of + 5), sight);
            }
            break;
        }
        case Form::value: {
            const std::size_t of = text.rfind("' for ");
            if (of != std::string_view::npos && text.starts_with('\'')) {
                parameters["value"] = text.substr(1, of - 1);
                parameters["code"] = code_of(text.substr(of + 6));
            }
            break;
        }
        case Form::patient:
            parameters["patient"] = object;
            break;
        case Form::specimen:
            parameters["specimen"] = object;
            break;
        case Form::subject:
            parameters["subject"] = object;
            parameters["patient"] = object;
            break;
        case Form::result:
        case Form::other:
            break;
    }
    return parameters;
}

std::string filled(std::string_view pattern, const std::map<std::string, std::string>& parameters) {
    std::string made;
    while (!pattern.empty()) {
        const std::size_t open = pattern.find('{');
        const std::size_t close = pattern.find('}', open);
        if (open == std::string_view::npos || close == std::string_view::npos) {
            made += pattern;
            break;
        }
        made += pattern.substr(0, open);
        const auto found = parameters.find(std::string(pattern.substr(open + 1, close - open - 1)));
        made += found == parameters.end() ? std::string("?") : found->second;
        pattern.remove_prefix(close + 1);
    }
    return made;
}

bool holds_safety_analyte(const store::BoardProblem& problem, const Sight& sight) {
    return std::ranges::any_of(problem.analytes, [&](const store::AnalyteShare& share) {
        const study::Analyte* analyte = sight.configuration().rules().analyte(share.analyte);
        return share.held > 0 && analyte != nullptr && !analyte->critical.empty();
    });
}

/// The site's word where it is one place, and where nobody is known the studies that may be meant.
std::set<std::pair<std::string, std::string>> places_of(const store::BoardProblem& problem,
                                                        const Sight& sight) {
    std::set<std::pair<std::string, std::string>> places;
    for (const SubjectId id : problem.subjects) {
        const study::Subject* subject = sight.registry().subject(id);
        if (subject != nullptr && sight.sees(*subject)) {
            places.emplace(subject->study, subject->site);
        }
    }
    return places;
}

std::int64_t age_hours(const store::BoardProblem& problem, Instant now) {
    const Instant end = problem.closed.value_or(now);
    return std::max<std::int64_t>(0, (end.microseconds - problem.first.microseconds) / kHourUs);
}

}  // namespace

ProblemWords words_of(const store::BoardProblem& problem, const Sight& sight, bool revealed) {
    ProblemWords words;
    const std::string object = with_label(problem.object, sight);
    const RuleWords* rule = words_for(problem.rule);
    // A code may have a colon; identity in free words is nowhere else than in the object.
    const bool names_nobody =
        rule != nullptr && (rule->form == Form::code || rule->form == Form::unit);
    words.object =
        revealed || names_nobody ? object : without_identifiers(object, sight.configuration());
    words.object_masked = words.object != object;
    words.sentence_key = key(problem.rule);
    if (rule == nullptr) {
        words.parameters = {{"object", words.object}, {"source", problem.source}};
        words.sentence = words.object.empty()
                             ? std::string(entry(problem.rule).text)
                             : fmt::format("{} ({})", entry(problem.rule).text, words.object);
        words.who_can_fix = kManager;
        return words;
    }
    words.parameters = parameters_of(rule->form, words.object, problem, sight);
    if (rule->form == Form::value && sight.blinded()) {
        // Not even how long it is.
        words.parameters["value"] = kKeptBack;
        words.object = fmt::format("'{}' for {}", kKeptBack, words.parameters["code"]);
        words.parameters["object"] = words.object;
    }
    words.sentence = filled(rule->sentence, words.parameters);
    words.expected = filled(rule->expected, words.parameters);
    words.came = filled(rule->came, words.parameters);
    words.who_can_fix = rule->fixes;
    return words;
}

ClosingWindows closing_windows(const study::StudyRules& rules, const study::Registry& registry,
                               Instant now) {
    ClosingWindows closing;
    for (const study::Subject* subject : registry.all_subjects()) {
        const study::StudyDefinition* study = rules.study(subject->study);
        if (study == nullptr || subject->withdrawn_at || subject->screen_failed_at) {
            continue;
        }
        const study::SubjectCalendar calendar(*subject, *study);
        const LocalDay today = calendar.moment(now).day;
        for (const study::Visit& visit : study->visits) {
            const auto window = calendar.window(visit);
            if (!window || today < window->from || today > window->until) {
                continue;
            }
            const auto left = static_cast<int>((window->until - today).count());
            if (left <= kWindowDays) {
                const auto [place, is_new] = closing.emplace(subject->id, left);
                place->second = std::min(place->second, left);
            }
        }
    }
    return closing;
}

ProblemRisk risk_of(const store::BoardProblem& problem, const Sight& sight,
                    const ClosingWindows& closing, Instant now) {
    if (problem.critical) {
        return {3,
                "It holds a critical value that nobody has acknowledged.",
                {{"critical-value", std::nullopt}}};
    }
    const RuleWords* rule = words_for(problem.rule);
    ProblemRisk risk;
    risk.risk = rule == nullptr ? 0 : rule->weight;
    std::vector<std::string> reasons;
    const auto add = [&](std::string words, std::string_view key,
                         std::optional<std::int64_t> n = std::nullopt) {
        reasons.push_back(std::move(words));
        risk.reasons.push_back({key, n});
    };
    if (risk.risk == 2) {
        add("a wrong value could reach the study", "wrong-value");
    }
    if (problem.held > 0 && holds_safety_analyte(problem, sight)) {
        ++risk.risk;
        add("it holds analytes that have critical limits", "critical-limits");
    }
    const std::int64_t hours = age_hours(problem, now);
    if (problem.held > 0 && hours >= kOldHours) {
        ++risk.risk;
        add(fmt::format("it has been open for {} days", hours / 24), "old", hours / 24);
    }
    std::optional<int> left;
    for (const SubjectId subject : problem.subjects) {
        const auto found = closing.find(subject);
        if (found != closing.end() && (!left || found->second < *left)) {
            left = found->second;
        }
    }
    if (left && problem.held > 0) {
        ++risk.risk;
        if (*left == 0) {
            add("a visit's window ends today", "window-today");
        } else {
            add(fmt::format("a visit's window ends in {} day{}", *left, *left == 1 ? "" : "s"),
                "window", *left);
        }
    }
    risk.risk = std::min(risk.risk, 3);
    risk.why = fmt::format("{}", fmt::join(reasons, "; "));
    if (!risk.why.empty()) {
        risk.why.front() =
            static_cast<char>(std::toupper(static_cast<unsigned char>(risk.why.front())));
        risk.why += '.';
    }
    return risk;
}

std::optional<store::BoardProblem> seen(store::BoardProblem problem, const Sight& sight) {
    if (!sight.everywhere()) {
        const auto some = std::ranges::count_if(
            problem.subjects, [&](SubjectId subject) { return sight.sees(subject); });
        problem.people = some;
        if (some == 0 && (!problem.subjects.empty() || !sight.sees_unplaced(problem.source))) {
            return std::nullopt;
        }
    }
    if (!sight.blinded()) {
        return problem;
    }
    if (sight.names_closed(problem.object)) {
        return std::nullopt;
    }
    const bool any = !problem.analytes.empty();
    std::erase_if(problem.analytes,
                  [&](const store::AnalyteShare& share) { return !sight.counts(share.analyte); });
    if (!any) {
        return problem;
    }
    if (problem.analytes.empty()) {
        return std::nullopt;
    }
    problem.held = 0;
    problem.total = 0;
    for (const store::AnalyteShare& share : problem.analytes) {
        problem.held += share.held;
        problem.total += share.total;
    }
    // Which of its values is critical is not told apart.
    problem.critical = false;
    if (problem.held == 0 && problem.state == store::ProblemState::open) {
        return std::nullopt;
    }
    return problem;
}

namespace {

ordered_json reasons_json(const ProblemRisk& risk) {
    ordered_json reasons = ordered_json::array();
    for (const ProblemRisk::Reason& reason : risk.reasons) {
        ordered_json json{{"key", reason.key}};
        if (reason.n) {
            json["n"] = *reason.n;
        }
        reasons.push_back(std::move(json));
    }
    return reasons;
}

}  // namespace

ordered_json problem_json(const store::BoardProblem& problem, const ProblemWords& words,
                          const ProblemRisk& risk, const Sight& sight, Instant now) {
    const auto places = places_of(problem, sight);
    ordered_json sites = ordered_json::array();
    std::set<std::string> studies;
    for (const auto& [study, site] : places) {
        sites.push_back(site);
        studies.insert(study);
    }
    const auto time = [](const std::optional<Instant>& at) {
        return at ? ordered_json(to_iso(*at)) : ordered_json();
    };
    return {
        {"id", std::to_string(problem.id.value)},
        {"etag", std::to_string(problem.version)},
        {"state", store::to_string(problem.state)},
        {"rule", key(problem.rule)},
        {"rule_number", static_cast<int>(problem.rule)},
        {"sentence", words.sentence},
        {"sentence_key", words.sentence_key},
        {"parameters", words.parameters},
        {"source", problem.source},
        {"object", words.object},
        {"object_masked", words.object_masked},
        {"held", problem.held},
        {"total", problem.total},
        {"subjects", problem.people},
        {"first", to_iso(problem.first)},
        {"last", to_iso(problem.last)},
        {"closed", time(problem.closed)},
        {"age_hours", age_hours(problem, now)},
        {"risk", risk.risk},
        {"risk_why", risk.why},
        {"risk_reasons", reasons_json(risk)},
        {"assignee", problem.assignee == 0 ? ordered_json()
                                           : ordered_json{{"id", std::to_string(problem.assignee)},
                                                          {"name", problem.assignee_name}}},
        {"snoozed_until", time(problem.snoozed_until)},
        {"snoozed_held",
         problem.snoozed_held ? ordered_json(*problem.snoozed_held) : ordered_json()},
        {"regressed", problem.regressed},
        {"study", studies.size() == 1 ? ordered_json(*studies.begin()) : ordered_json()},
        {"sites", std::move(sites)},
        {"delta", nullptr}};
}

bool seen(const store::ProblemItem& item, const Sight& sight) {
    if (item.subject ? !sight.sees(*item.subject) : !sight.sees_unplaced(item.source)) {
        return false;
    }
    if (!sight.blinded()) {
        return true;
    }
    return !sight.names_closed(item.detail) &&
           (item.analyte.empty() || !sight.is_closed(item.analyte));
}

ordered_json item_json(const store::ProblemItem& item, const Sight& sight) {
    const study::Subject* subject =
        item.subject ? sight.registry().subject(*item.subject) : nullptr;
    const bool closed = sight.blinded() && sight.is_closed(item.analyte);
    return {
        {"observation", to_base32(item.id.message) + "." + std::to_string(item.id.ordinal)},
        {"message_id", item.id.message ? ordered_json(to_base32(item.id.message)) : ordered_json()},
        {"ordinal", item.id.ordinal},
        {"control_id", item.control_id},
        {"source", item.source},
        {"received_at", to_iso(item.received_at)},
        {"place", item.place},
        {"code", item.code},
        {"code_system", item.code_system},
        {"code_text", item.code_text},
        {"analyte", item.analyte},
        {"value_reported", closed ? std::string() : item.value_reported},
        {"unit_reported", closed ? std::string() : item.unit_reported},
        {"collected", item.collected},
        {"subject", subject == nullptr
                        ? ordered_json()
                        : ordered_json{{"id", subject->id.value}, {"label", subject->label()}}},
        {"released", item.released ? ordered_json(to_iso(*item.released)) : ordered_json()},
        {"detail", without_identifiers(item.detail, sight.configuration())}};
}

}  // namespace labrelay::views
