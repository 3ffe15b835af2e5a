#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "labrelay/study/decide.hpp"

/// Small values for tests of the study: a trial with the visits of NCT05872659, subjects, messages,
/// and an engine that decides them one after the other. Synthetic throughout.
namespace labrelay::study::testing {

using units::ResultState;
using Status = ObservationStatus;

/// ISO, or HL7 for what ISO does not write: `2026020209`, the hour alone.
inline Timestamp when(std::string_view iso) {
    const bool is_iso = iso.find('-') != std::string_view::npos;
    const auto time = is_iso ? parse_iso_time(iso) : parse_hl7_time(iso);
    if (!time) {
        ADD_FAILURE() << "not a time: " << iso;
        return {};
    }
    return *time;
}

inline Zone site_zone() {
    return *Zone::find("Asia/Shanghai");
}

/// `2026-03-01T08:15`, read in the site's zone.
inline LocalTime local(std::string_view iso) {
    return *site_zone().local(when(iso));
}

inline Instant instant(std::string_view iso) {
    return *local(iso).instant;
}

/// The reported ratio against the counts, and log10 against copies: flags and notes.
inline std::vector<CheckDefinition> usual_checks() {
    CheckDefinition ratio;
    ratio.id = "P5";
    ratio.kind = CheckKind::ratio;
    ratio.parts = {{"CD4A"}, {"CD8A"}};
    ratio.whole = CheckTerm{"CD4CD8"};
    ratio.steps = {{Severity::warning, {}, {}}};
    CheckDefinition log;
    log.id = "P8";
    log.kind = CheckKind::log;
    log.parts = {{"HIVVL"}};
    log.whole = CheckTerm{"HIVVLLOG"};
    log.steps = {{Severity::note, Decimal(1, 2), {}}, {Severity::warning, Decimal(5, 1), {}}};
    return {ratio, log};
}

inline StudyDefinition a_study(std::string id = "TRIAL") {
    StudyDefinition study;
    study.id = std::move(id);
    study.sources = {"facs", "pcr", "lis"};
    study.authorities = {"QILU-MRN"};
    study.sites.push_back({"JN1", "Site", site_zone(), false});
    const std::vector<std::string> dosing = {"CD4", "VL", "CBC"};
    study.visits = {
        {"SCR", "", Anchor::screening, 0, 0, 28, Infusion::none, dosing},
        {"M0", "", Anchor::first_infusion, 0, -3, 0, Infusion::first, dosing},
        {"M1", "", Anchor::first_infusion, 30, -7 + 30, 7 + 30, Infusion::second, dosing},
        {"M2", "", Anchor::first_infusion, 61, -7 + 61, 7 + 61, Infusion::third, dosing},
        {"M3", "", Anchor::first_infusion, 91, -14 + 91, 14 + 91, Infusion::none, dosing},
        {"M6", "", Anchor::first_infusion, 183, -21 + 183, 21 + 183, Infusion::none, dosing},
        {"M12", "", Anchor::first_infusion, 365, -30 + 365, 30 + 365, Infusion::none, dosing},
    };
    study.panels = {{"CD4", "", {"CD4A", "CD4P", "CD8A", "CD8P", "CD4CD8", "CD3A"}, {}},
                    {"VL", "", {"HIVVL", "HIVVLLOG"}, {}},
                    {"CBC", "", {"WBC", "HGB"}, {}}};
    study.checks = CheckList(usual_checks());
    return study;
}

inline StudyRules the_rules() {
    StudyRules rules;
    rules.studies.push_back(a_study());
    const auto add = [&rules](std::string key, std::string unit) {
        Analyte analyte;
        analyte.key = std::move(key);
        analyte.units = units::AnalyteUnits(std::move(unit), {});
        rules.analytes.push_back(std::move(analyte));
    };
    add("CD4A", "/uL");
    add("CD4CD8", "1");
    add("CD8A", "/uL");
    add("HIVVL", "{copies}/mL");
    add("HIVVLLOG", "{Log_copies}/mL");
    rules.hash = "rules";
    return rules;
}

/// A subject with a screening date; everything else is added by name.
class SubjectBuilder {
public:
    explicit SubjectBuilder(std::int64_t id) {
        subject_.id = SubjectId{id};
        subject_.study = "TRIAL";
        subject_.site = "JN1";
        subject_.screening_no = "S-" + std::to_string(id);
        subject_.identifiers = {{"QILU-MRN", "M" + std::to_string(id)}};
    }
    SubjectBuilder& of_study(std::string study) { return set(subject_.study, std::move(study)); }
    SubjectBuilder& consented(std::string_view iso) {
        return set(subject_.consent_date, when(iso));
    }
    SubjectBuilder& screened(std::string_view iso) {
        return set(subject_.screening_from, when(iso));
    }
    SubjectBuilder& infused(std::string_view iso) {
        return set(subject_.first_infusion, when(iso));
    }
    SubjectBuilder& infused_again(std::string_view iso) {
        return set(subject_.second_infusion, when(iso));
    }
    SubjectBuilder& infused_third(std::string_view iso) {
        return set(subject_.third_infusion, when(iso));
    }
    SubjectBuilder& withdrew(std::string_view iso) { return set(subject_.withdrawn_at, when(iso)); }
    SubjectBuilder& failed_screening(std::string_view iso) {
        return set(subject_.screen_failed_at, when(iso));
    }
    SubjectBuilder& male() { return set(subject_.sex, Sex::male); }
    operator Subject() const { return subject_; }  // NOLINT: a builder is its subject

private:
    template <class Field, class Value>
    SubjectBuilder& set(Field& field, Value value) {
        field = std::move(value);
        return *this;
    }
    Subject subject_;
};

inline SubjectBuilder a_subject(std::int64_t id = 1) {
    return SubjectBuilder(id);
}

/// One candidate: a final count of subject 1 in specimen A1.
class ObservationBuilder {
public:
    ObservationBuilder(std::string analyte, std::string_view value) {
        observation_.disposition = Disposition::stored;
        observation_.subjects = {SubjectId{1}};
        observation_.patient = {{"QILU-MRN", "M1"}};
        observation_.specimen.order = "A1";
        observation_.code = analyte;
        observation_.analyte = std::move(analyte);
        observation_.laboratory = "LAB";
        number(value);
        status(Status::final);
    }
    ObservationBuilder& number(std::string_view text) {
        ResultValue& value = observation_.value;
        value.value_reported = text;
        value.value_text = text;
        value.value_num = Decimal::parse(text);
        value.state = ResultState::quantified;
        return *this;
    }
    ObservationBuilder& state(ResultState state, std::string text) {
        observation_.value.value_num.reset();
        observation_.value.state = state;
        observation_.value.value_reported = text;
        observation_.value.value_text = std::move(text);
        return *this;
    }
    ObservationBuilder& value(ResultValue value) { return set(observation_.value, value); }
    ObservationBuilder& status(Status status) {
        static constexpr std::array kCodes{"P", "F", "C", "U", "X", "W"};
        observation_.status = status;
        observation_.status_code = kCodes.at(static_cast<std::size_t>(status));
        return *this;
    }
    ObservationBuilder& drawn(std::string_view iso) {
        observation_.collected = when(iso);
        observation_.collected_local = local(iso);
        return *this;
    }
    ObservationBuilder& undated() {
        observation_.collected.reset();
        observation_.collected_local.reset();
        return *this;
    }
    /// Version time, and whether it is the result's own.
    ObservationBuilder& said(std::string_view iso, bool own = true) {
        observation_.version_time = instant(iso);
        observation_.own_version_time = own;
        observation_.reported_at = iso;
        said_ = true;
        return *this;
    }
    ObservationBuilder& of(std::vector<SubjectId> subjects) {
        return set(observation_.subjects, subjects);
    }
    ObservationBuilder& specimen(std::string order) {
        return set(observation_.specimen.order, order);
    }
    ObservationBuilder& named(SpecimenName name) { return set(observation_.specimen_name, name); }
    ObservationBuilder& code(std::string code) { return set(observation_.code, code); }
    ObservationBuilder& sub_id(std::string sub_id) { return set(observation_.sub_id, sub_id); }
    ObservationBuilder& registered(std::string visit) {
        return set(observation_.registered_visit, visit);
    }
    ObservationBuilder& unit(std::string unit) { return set(observation_.value.unit, unit); }
    ObservationBuilder& method(std::string method) { return set(observation_.method, method); }
    ObservationBuilder& unit_reported(std::string unit) {
        return set(observation_.value.unit_reported, unit);
    }
    ObservationBuilder& lloq(std::string_view limit) {
        observation_.value.lloq = Decimal::parse(limit);
        return *this;
    }
    ObservationBuilder& held(Code rule) { return decided(Disposition::held, rule); }
    ObservationBuilder& ignored(Code rule) { return decided(Disposition::ignored, rule); }

    bool has_time() const { return said_; }
    ProposedObservation build() const { return observation_; }

private:
    ObservationBuilder& decided(Disposition disposition, Code rule) {
        observation_.disposition = disposition;
        observation_.rule = rule;
        return *this;
    }
    template <class Field, class Value>
    ObservationBuilder& set(Field& field, Value value) {
        field = std::move(value);
        return *this;
    }
    ProposedObservation observation_;
    bool said_ = false;
};

inline ObservationBuilder an_observation(std::string analyte, std::string_view value) {
    return {std::move(analyte), value};
}

/// A message of `facs`, message and control id as given.
class MessageBuilder {
public:
    explicit MessageBuilder(std::int64_t id) {
        proposal_.message_id = MessageId{id};
        proposal_.source = "facs";
        proposal_.control_id = "C" + std::to_string(id);
        proposal_.forwards = true;
        proposal_.sameness[0] = static_cast<std::uint8_t>(id);
    }
    MessageBuilder& from(std::string source) { return set(proposal_.source, std::move(source)); }
    MessageBuilder& control(std::string id) { return set(proposal_.control_id, std::move(id)); }
    MessageBuilder& digest(std::uint8_t first) { return set(proposal_.sameness[0], first); }
    MessageBuilder& strict() { return set(proposal_.strict, true); }
    MessageBuilder& refused(bool reject) {
        proposal_.reject = reject;
        return set(proposal_.refused, true);
    }
    MessageBuilder& shadow() { return set(proposal_.forwards, false); }
    MessageBuilder& finding(Code code, Severity severity) {
        Finding finding;
        finding.code = code;
        finding.severity = severity;
        proposal_.findings.push_back(finding);
        return *this;
    }
    MessageBuilder& learns(RegisteredSpecimen specimen) {
        proposal_.learned.push_back({std::move(specimen), {}});
        return *this;
    }
    MessageBuilder& with(const ObservationBuilder& builder) {
        ProposedObservation observation = builder.build();
        observation.ordinal = static_cast<std::int32_t>(proposal_.observations.size()) + 1;
        observation.place.text = "OBX[" + std::to_string(observation.ordinal) + "]";
        if (!builder.has_time()) {
            observation.version_time = Instant{proposal_.message_id.value * 1'000'000};
        }
        proposal_.observations.push_back(std::move(observation));
        return *this;
    }
    operator Proposal() const { return proposal_; }  // NOLINT: a builder is its message

private:
    template <class Field, class Value>
    MessageBuilder& set(Field& field, Value value) {
        field = std::move(value);
        return *this;
    }
    Proposal proposal_;
};

inline MessageBuilder a_message(std::int64_t id = 1) {
    return MessageBuilder(id);
}

/// Decides messages one after the other and keeps the state, as the committer does.
class Trial {
public:
    Trial() : rules_(the_rules()) {}
    explicit Trial(const Subject& subject) : Trial() { know(subject); }

    StudyRules& rules() { return rules_; }
    StudyDefinition& study() { return rules_.studies.front(); }
    Site& site() { return study().sites.front(); }
    StateView& state() { return state_; }
    const Registry& registry() const { return registry_; }

    /// Every check writes what it compared into the lineage.
    void tell_checks() { tell_ = true; }
    void know(const Subject& subject) { registry_ = registry_.with(subject); }
    void know(const RegisteredSpecimen& specimen) { registry_ = registry_.with(specimen); }

    Outcome take(const Proposal& proposal, std::vector<PriorObservation> prior = {}) {
        Outcome outcome = decide({proposal, state_, rules_, registry_, prior, false, tell_});
        EXPECT_TRUE(outcome.counts.balanced());
        EXPECT_EQ(static_cast<std::size_t>(outcome.counts.received), outcome.observations.size());
        apply(proposal, outcome, state_);
        return outcome;
    }
    Replacement place(const Subject& subject) {
        know(subject);
        SubjectState& state = state_.subjects[subject.id];
        Replacement replacement = place_again(state, subject, rules_);
        for (const ResultChange& change : replacement.changes) {
            for (ResultRecord& record : state.results) {
                if (record.number == change.after.number) {
                    record = change.after;
                }
            }
        }
        return replacement;
    }
    const std::vector<ResultRecord>& results(std::int64_t subject = 1) {
        return state_.subjects[SubjectId{subject}].results;
    }
    /// The only result of an analyte in a specimen; null where there is none.
    const ResultRecord* result(std::string_view analyte, std::string_view order = "A1",
                               bool derived = false) {
        for (const ResultRecord& record : results()) {
            if (record.current_version().analyte == analyte && record.key.specimen.order == order &&
                !record.key.derived.empty() == derived) {
                return &record;
            }
        }
        return nullptr;
    }
    void deliver_all() {
        for (auto& [id, subject] : state_.subjects) {
            for (ResultRecord& record : subject.results) {
                record.delivered = record.placement.forwarded;
            }
        }
    }

private:
    StudyRules rules_;
    Registry registry_;
    StateView state_;
    bool tell_ = false;
};

}  // namespace labrelay::study::testing
