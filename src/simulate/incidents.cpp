#include <fmt/format.h>

#include "narrator.hpp"

namespace labrelay::simulate {
namespace {

constexpr int kDayMinutes = 24 * 60;

Moment days_later(Moment moment, int days) {
    return plus_minutes(moment, days * kDayMinutes);
}

void hold(Observation& observation, std::string reason) {
    observation.expected = {};
    observation.expected.disposition = "held";
    observation.expected.reason = std::move(reason);
}

void for_each_observation(Report& report, auto&& change) {
    for (Order& order : report.orders) {
        for (Observation& observation : order.observations) {
            change(observation);
        }
    }
}

/// What would have been stored is held or ignored instead; what the source ignores stays ignored.
void overrule(Report& report, std::string_view disposition, std::string_view reason) {
    for_each_observation(report, [&](Observation& observation) {
        if (observation.expected.disposition == "stored") {
            observation.expected = {};
            observation.expected.disposition = disposition;
            observation.expected.reason = reason;
        }
    });
}

}  // namespace

void Narrator::incidents() {
    unscheduled_blood();
    repeats();
    preliminaries();
    corrections();
    taken_back();
    held_values();
    held_patients();
    strangers();
    no_results();
    bystanders();
}

/// Blood outside the schedule: between two visits, on the day of a dose after it, a second draw in
/// one visit, before screening, after a withdrawal.
void Narrator::unscheduled_blood() {
    const auto unscheduled = static_cast<std::size_t>(Cast::unscheduled);
    const Subject& extra = subject_of(Cast::unscheduled);
    const Moment between = at(extra.infusions[0]->day + std::chrono::days{130}, 9, 20);
    flow_report(unscheduled, between, FlowLabels::one_label);
    hospital_report(unscheduled, between, {});
    hospital_report(unscheduled, plus_minutes(*extra.infusions[1], 300), {});

    const auto twice = static_cast<std::size_t>(Cast::two_draws);
    const Day first = subject_of(Cast::two_draws).infusions[0]->day;
    flow_report(twice, at(first + std::chrono::days{99}, 8, 5), FlowLabels::one_label);

    // Old viral loads that the platform sends again for screening: history, in no visit.
    for (const Cast part : {Cast::on_time, Cast::screened_before}) {
        const auto who = static_cast<std::size_t>(part);
        const Subject& subject = subject_of(part);
        for (const int days_before : {118, part == Cast::screened_before ? 1 : 40}) {
            const Day day = subject.screening_anchor() - std::chrono::days{days_before};
            const std::size_t tube = draw(who, at(day, 8, 40), 4);
            first_specimens_.push_back({tube, days_before == 118, ""});
            const std::size_t report = molecular_report(tube, false);
            Report& sent = story_.reports[report];
            sent.sent = at(subject.screening_anchor() + std::chrono::days{1}, 11, days_before % 60);
        }
    }

    const auto gone = static_cast<std::size_t>(Cast::withdrawn);
    const Day after = subject_of(Cast::withdrawn).infusions[0]->day + std::chrono::days{61};
    const std::size_t flow = flow_report(gone, at(after, 8, 10), FlowLabels::one_label);
    const std::size_t hospital = hospital_report(gone, at(after, 8, 4), {});
    overrule(story_.reports[flow], "ignored", "after-withdrawal");
    overrule(story_.reports[hospital], "ignored", "after-withdrawal");
}

/// The same results once more: the same bytes, the same id with a new time, new ids.
void Narrator::repeats() {
    const std::size_t same = report_of(Cast::on_time, "M3", Laboratory::flow);
    send_again(same, plus_minutes(story_.reports[same].sent, 3));
    send_again(same, days_later(story_.reports[same].sent, 2));

    const std::size_t new_time = report_of(Cast::early, "M1", Laboratory::hospital);
    Report resent = story_.reports[new_time];
    resent.what = "same-id-new-time";
    resent.control_id_of = new_time;
    resent.sent = plus_minutes(resent.sent, 45);
    send(std::move(resent));

    const struct {
        Cast part;
        const char* visit;
        Laboratory laboratory;
    } under_new_ids[] = {{Cast::late, "M1", Laboratory::flow},
                         {Cast::two_draws, "M6", Laboratory::molecular},
                         {Cast::screened_before, "M2", Laboratory::hospital}};
    for (const auto& original : under_new_ids) {
        Report repeat =
            story_.reports[report_of(original.part, original.visit, original.laboratory)];
        repeat.what = "repeat-under-new-id";
        repeat.sent = days_later(repeat.sent, 1);
        overrule(repeat, "ignored", "repeat-of");
        send(std::move(repeat));
    }
}

/// A copy of a report with another status, other values where the caller changes them, and its own
/// times.
std::size_t Narrator::version_of(std::size_t report, std::string_view status, Moment analysed,
                                 Moment sent) {
    Report version = story_.reports[report];
    version.analysed = analysed;
    version.sent = sent;
    for_each_observation(version, [&](Observation& observation) { observation.status = status; });
    return send(std::move(version));
}

void Narrator::preliminaries() {
    // Preliminary, then final with other counts.
    const std::size_t final_one = report_of(Cast::early, "M0", Laboratory::flow);
    const std::size_t preliminary =
        version_of(final_one, "P", plus_minutes(story_.reports[final_one].analysed, -60),
                   plus_minutes(story_.reports[final_one].analysed, -50));
    story_.reports[preliminary].what = "preliminary";
    const Lymphocytes earlier{1010, 702, 148, 470};
    const auto first_count = flow_panel(earlier, FlowLabels::one_label);
    auto& early_values = story_.reports[preliminary].orders[0].observations;
    for (std::size_t i = 0; i < first_count.size(); ++i) {
        early_values[i] = first_count[i];
        early_values[i].status = "P";
    }

    // A preliminary that comes after its final never becomes current.
    const std::size_t last = report_of(Cast::on_time, "M12", Laboratory::flow);
    const std::size_t late = version_of(last, "P", plus_minutes(story_.reports[last].analysed, -40),
                                        days_later(story_.reports[last].sent, 1));
    story_.reports[late].what = "late-preliminary";
}

void Narrator::corrections() {
    // A correction of one chemistry value.
    const std::size_t chemistry_report = report_of(Cast::on_time, "M6", Laboratory::hospital);
    Report corrected = story_.reports[chemistry_report];
    corrected.what = "correction";
    corrected.analysed = days_later(corrected.analysed, 1);
    corrected.sent = days_later(corrected.sent, 1);
    corrected.orders = {corrected.orders[1]};
    corrected.orders[0].observations = {hospital_number("CREA", 91, *corrected.patient)};
    corrected.orders[0].observations[0].status = "C";
    send(std::move(corrected));

    // A correction that arrives before its original.
    const std::size_t original = report_of(Cast::unscheduled, "M6", Laboratory::flow);
    const Report& first_report = story_.reports[original];
    const std::size_t first_corrected =
        version_of(original, "C", plus_minutes(first_report.analysed, 90),
                   plus_minutes(first_report.analysed, 100));
    story_.reports[first_corrected].what = "correction-first";
    story_.reports[original].sent = days_later(story_.reports[original].sent, 1);
    const auto recount = flow_panel({1490, 1066, 301, 688}, FlowLabels::one_label);
    auto& recounted = story_.reports[first_corrected].orders[0].observations;
    for (std::size_t i = 0; i < recount.size(); ++i) {
        recounted[i] = recount[i];
        recounted[i].status = "C";
    }
}

void Narrator::taken_back() {
    // One value was another patient's.
    const std::size_t wrong = report_of(Cast::late, "M3", Laboratory::hospital);
    Report withdrawal = story_.reports[wrong];
    withdrawal.what = "withdrawal";
    withdrawal.analysed = days_later(withdrawal.analysed, 1);
    withdrawal.sent = days_later(withdrawal.sent, 1);
    Observation glucose = observation_of(wrong, "GLU");
    glucose.status = "W";
    glucose.expected.value_num.clear();
    glucose.expected.result_state = "withdrawn";
    withdrawal.orders = {withdrawal.orders[1]};
    withdrawal.orders[0].observations = {glucose};
    send(std::move(withdrawal));

    // The platform could not pipette, then could.
    const std::size_t measured = report_of(Cast::screened_before, "M3", Laboratory::molecular);
    Report failed = story_.reports[measured];
    failed.what = "not-done";
    failed.orders[0].observations = {failed_viral_load()};
    story_.reports[measured].analysed = days_later(failed.analysed, 1);
    story_.reports[measured].sent = days_later(failed.sent, 1);
    send(std::move(failed));
}

void Narrator::held_values() {
    Report& new_test = story_.reports[report_of(Cast::on_time, "M2", Laboratory::hospital)];
    Observation unknown = hospital_number("ALT", 33, *new_test.patient);
    unknown.code = "XQ77^新项目^L";
    hold(unknown, "unknown-code");
    new_test.orders[1].observations.push_back(unknown);

    Observation& karmen =
        observation_of(report_of(Cast::unscheduled, "M3", Laboratory::hospital), "ALT");
    karmen.unit = "卡门单位";
    hold(karmen, "unknown-unit");

    Observation& potassium = observation_of(report_of(Cast::late, "M6", Laboratory::hospital), "K");
    potassium.value = "41.2";
    potassium.flags = "H";
    hold(potassium, "implausible-value");

    // Another final value without a correction status.
    const std::size_t said = report_of(Cast::screened_before, "M6", Laboratory::hospital);
    Report other = story_.reports[said];
    other.what = "final-differs";
    other.analysed = days_later(other.analysed, 1);
    other.sent = days_later(other.sent, 1);
    other.orders = {other.orders[1]};
    other.orders[0].observations = {hospital_number("AST", 71, *other.patient)};
    hold(other.orders[0].observations[0], "final-differs");
    send(std::move(other));

    for (const Cast part : {Cast::early, Cast::two_draws}) {
        Report& noted = story_.reports[report_of(part, "M3", Laboratory::hospital)];
        noted.orders[1].observations.push_back(title_line());
        noted.orders[1].observations.push_back(remark());
    }
}

void Narrator::held_patients() {
    // Somebody else's blood under a subject's number.
    const std::size_t right = report_of(Cast::late, "M2", Laboratory::hospital);
    const auto late = static_cast<std::size_t>(Cast::late);
    const Moment collected = days_later(first_draw(right), 3);
    const std::size_t wrong_birth = hospital_report(late, collected, {});
    story_.reports[wrong_birth].what = "birth-date-contradicts";
    story_.reports[wrong_birth].birth = "19550203";
    overrule(story_.reports[wrong_birth], "held", "birth-date-contradicts");

    const auto man = static_cast<std::size_t>(Cast::screened_before);
    const Moment other_day =
        days_later(first_draw(report_of(Cast::screened_before, "M2", Laboratory::flow)), 4);
    const std::size_t wrong_sex = flow_report(man, other_day, FlowLabels::one_label);
    story_.reports[wrong_sex].what = "sex-contradicts";
    story_.reports[wrong_sex].sex = story_.subject(man).person.female ? "M" : "F";
    overrule(story_.reports[wrong_sex], "held", "sex-contradicts");

    // The platform is faster than the LIS that knows whose tube it is.
    for (const char* visit : {"M3", "M6"}) {
        Report& slow = story_.reports[report_of(Cast::early, visit, Laboratory::hospital)];
        slow.analysed = days_later(slow.analysed, 2);
        slow.sent = days_later(slow.sent, 2);
    }
}

/// A tube that nobody ever names, and a patient whom nobody registered.
void Narrator::strangers() {
    for (int i = 0; i < 2; ++i) {
        Report stray = story_.reports[report_of(Cast::on_time, "M1", Laboratory::molecular)];
        stray.what = "unknown-specimen";
        stray.sent = days_later(stray.sent, 20 + i);
        stray.analysed = days_later(stray.analysed, 20 + i);
        stray.orders[0].specimen.reset();
        stray.orders[0].collected.reset();
        stray.orders[0].accession = fmt::format("A2307{:02}99{}", 11 + i, 4);
        stray.orders[0].observations = viral_load(i == 0 ? 0 : 367);
        overrule(stray, "held", "unknown-specimen");
        send(std::move(stray));
    }
    Report stranger = story_.reports[report_of(Cast::on_time, "M2", Laboratory::flow)];
    stranger.what = "unknown-subject";
    stranger.patient = bystander(90, random_);
    stranger.birth.clear();
    stranger.sex = "M";
    stranger.sent = days_later(stranger.sent, 1);
    stranger.orders[0].specimen.reset();
    stranger.orders[0].accession = "A230728963";
    stranger.orders[0].placer = "P230728963";
    overrule(stranger, "held", "unknown-subject");
    send(std::move(stranger));
}

/// Controls, and messages that are no results.
void Narrator::no_results() {
    const std::size_t model = report_of(Cast::on_time, "M1", Laboratory::molecular);
    for (int i = 0; i < 2; ++i) {
        Report control = story_.reports[model];
        control.what = "control";
        control.role = "Q";
        control.sent = days_later(control.sent, 7 * i);
        control.analysed = days_later(control.analysed, 7 * i);
        control.orders[0].specimen.reset();
        control.orders[0].collected.reset();
        control.orders[0].accession = fmt::format("HPC{:05}", 812 + i);
        control.orders[0].observations = viral_load(12340 + 100 * i);
        overrule(control, "ignored", "control-specimen");
        send(std::move(control));
    }
    Report beads = story_.reports[report_of(Cast::on_time, "M1", Laboratory::flow)];
    beads.what = "qc";
    beads.patient.reset();
    beads.sent = plus_minutes(at(beads.sent.day, 7), 5);
    beads.analysed = at(beads.sent.day, 6, 50);
    beads.orders[0].specimen.reset();
    beads.orders[0].placer.clear();
    beads.orders[0].accession = "QC-LOT-4471";
    beads.orders[0].service = "QC^Process control^99BD";
    Observation level = flow_panel({900, 640, 210, 380}, FlowLabels::one_label)[3];
    level.code = "QC CD4 Low^^99BD";
    beads.orders[0].observations = {level};
    overrule(beads, "ignored", "ignored-by-source");
    send(std::move(beads));

    Report admission = hospital_form(subject_of(Cast::on_time).person, at(make_day(2023, 6, 2), 9));
    admission.what = "admission";
    admission.refused = "message-type-unsupported";
    send(std::move(admission));
}

/// The hospital's other patients, whom its LIS sends as well.
void Narrator::bystanders() {
    for (std::size_t i = 0; i < 14; ++i) {
        const Person person = bystander(i, random_);
        const Moment collected =
            at(make_day(2023, 5, 20) + std::chrono::days{static_cast<int>(i) * 31}, 10,
               static_cast<int>(random_.between(0, 59)));
        Report report = hospital_form(person, collected);
        report.what = "no-trial";
        for (int tube = 1; tube <= (i % 3 == 0 ? 2 : 1); ++tube) {
            Order order;
            order.accession =
                fmt::format("A{}{}{}", hl7_day(collected.day).substr(2), 70 + i, tube);
            order.placer = "P" + order.accession.substr(1);
            order.service = tube == 1 ? "CBC^血常规^L" : "BIO^生化全套^L";
            order.collected = collected;
            order.observations =
                tube == 1 ? blood_count(person, random_) : chemistry(person, random_);
            report.orders.push_back(std::move(order));
        }
        overrule(report, "ignored", "not-registered");
        send(std::move(report));
    }
}

}  // namespace labrelay::simulate
