#include "narrator.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include <fmt/format.h>

namespace labrelay::simulate {
namespace {

constexpr int kBloodCountTube = 1;
constexpr int kSerumTube = 2;
constexpr int kFlowTube = 3;
constexpr int kMolecularTube = 4;
constexpr int kHepatitisTube = 5;

const Moment kStart = at(make_day(2023, 5, 9), 8);

std::size_t number_of(Cast part) {
    return static_cast<std::size_t>(part);
}

bool registered_late(std::size_t subject) {
    return subject == number_of(Cast::screen_failure) ||
           subject == number_of(Cast::enrolled_late) || subject == number_of(Cast::in_screening);
}

/// Whose molecular tube at which visit has a number of its own that the site imports; elsewhere the
/// platform works on the blood count's tube, whose number the LIS teaches.
bool imported_tube(std::size_t subject, std::size_t visit) {
    return visit < 2 && !registered_late(subject) && subject % 2 == 0;
}

/// Registry files come on the Monday after the fact.
Moment next_monday(Moment fact) {
    const Day next = fact.day + std::chrono::days{1};
    const std::chrono::weekday weekday{next};
    return at(next + (std::chrono::Monday - weekday), 7, 30);
}

}  // namespace

Narrator::Narrator(std::uint64_t seed, std::size_t subjects) : random_(seed) {
    story_.enrolments = enrol(subjects, random_);
    visits_.resize(subjects);
}

Story Narrator::tell() {
    register_subjects();
    for (std::size_t subject = 0; subject < story_.enrolments.size(); ++subject) {
        visits(subject);
    }
    incidents();
    order_steps();
    return std::move(story_);
}

void Narrator::import_subjects(Moment when, std::vector<std::size_t> subjects) {
    story_.subject_imports.push_back(std::move(subjects));
    subject_import_times_.emplace_back(when, story_.subject_imports.size() - 1);
}

void Narrator::register_subjects() {
    std::vector<std::size_t> first;
    std::map<Moment, std::set<std::size_t>> later;
    for (std::size_t i = 0; i < story_.enrolments.size(); ++i) {
        const Subject& subject = story_.subject(i);
        Moment from = kStart;
        if (i == number_of(Cast::screen_failure)) {
            from = at(*subject.screen_failed + std::chrono::days{1}, 9);
        } else if (i == number_of(Cast::enrolled_late)) {
            from = next_monday(plus_minutes(*subject.infusions[0], 12 * 24 * 60));
        } else if (i == number_of(Cast::in_screening)) {
            from = at(subject.consent, 7);
        }
        if (from == kStart) {
            first.push_back(i);
        } else {
            later[from].insert(i);
        }
        std::vector<Moment> facts;
        for (const auto& dose : subject.infusions) {
            if (dose) {
                // Whoever has blood drawn after a dose on the same day must have the dose entered
                // first.
                facts.push_back(i == number_of(Cast::unscheduled) ? plus_minutes(*dose, 60)
                                                                  : next_monday(*dose));
            }
        }
        if (subject.withdrawn) {
            facts.push_back(next_monday(at(*subject.withdrawn, 9)));
        }
        for (const Moment fact : facts) {
            if (fact > from) {
                later[fact].insert(i);
            }
        }
    }
    import_subjects(kStart, first);
    for (const auto& [when, subjects] : later) {
        import_subjects(when, {subjects.begin(), subjects.end()});
    }
}

std::size_t Narrator::draw(std::size_t subject, Moment collected, int tube) {
    const std::string day = hl7_day(collected.day).substr(2);
    std::string accession = fmt::format("A{}{:02}{}", day, subject + 1, tube);
    const auto same = std::ranges::find(story_.specimens, accession, &Specimen::accession);
    if (same != story_.specimens.end()) {
        accession = fmt::format("A{}{:02}{}", day, subject + 1, tube + 5);  // drawn twice that day
    }
    story_.specimens.push_back({subject, collected, accession});
    return story_.specimens.size() - 1;
}

std::size_t Narrator::send(Report report) {
    story_.reports.push_back(std::move(report));
    return story_.reports.size() - 1;
}

void Narrator::add_order(Report& report, std::size_t specimen, std::string service,
                         std::vector<Observation> observations) {
    const Specimen& tube = story_.specimens[specimen];
    Order order;
    order.placer = "P" + tube.accession.substr(1);
    order.service = std::move(service);
    order.specimen = specimen;
    order.accession = tube.accession;
    order.collected = tube.collected;
    order.observations = std::move(observations);
    report.orders.push_back(std::move(order));
}

std::size_t Narrator::flow_report(std::size_t subject, Moment collected, FlowLabels labels) {
    const Subject& whose = story_.subject(subject);
    const int day = whose.infusions[0] ? days_between(whose.infusions[0]->day, collected.day) : 0;
    const Lymphocytes cells = count_lymphocytes(whose.course, day, random_);
    Report report;
    report.laboratory = Laboratory::flow;
    report.what = "tbnk";
    report.patient = whose.person;
    // The cytometer's operators type the birth date, leave it out, or let the placeholder stand.
    report.birth = subject % 3 == 0   ? hl7_day(whose.person.birth)
                   : subject % 3 == 1 ? "19000101"
                                      : "";
    report.sex = subject % 4 == 3 ? "U" : whose.person.female ? "F" : "M";
    report.analysed = plus_minutes(collected, static_cast<int>(random_.between(240, 330)));
    report.sent = plus_minutes(report.analysed, static_cast<int>(random_.between(20, 60)));
    std::vector<Observation> panel = flow_panel(cells, labels);
    if (labels == FlowLabels::one_label && subject % 2 == 1) {
        panel.push_back(double_positives(cells));
    }
    add_order(report, draw(subject, collected, kFlowTube), "TBNK^T subset^99BD", std::move(panel));
    return send(std::move(report));
}

Report Narrator::hospital_form(const Person& person, Moment collected) const {
    Report report;
    report.laboratory = Laboratory::hospital;
    report.what = "lis";
    report.patient = person;
    report.birth = hl7_day(person.birth);
    report.sex = person.female ? "女" : "男";
    report.analysed = plus_minutes(collected, 370);
    report.sent = plus_minutes(report.analysed, 10);
    return report;
}

std::size_t Narrator::hospital_report(std::size_t subject, Moment collected,
                                      HospitalOrders orders) {
    const Person& person = story_.subject(subject).person;
    Report report = hospital_form(person, collected);
    if (subject % 5 == 2) {
        report.sex = "未知";
    }
    add_order(report, draw(subject, collected, kBloodCountTube), "CBC^血常规^L",
              blood_count(person, random_));
    const std::size_t serum = draw(subject, plus_minutes(collected, 2), kSerumTube);
    add_order(report, serum, "BIO^生化全套^L", chemistry(person, random_));
    if (orders.screening) {
        add_order(report, serum, "SERO^传染病血清学^L", serology());
        add_order(report, draw(subject, plus_minutes(collected, 4), kHepatitisTube),
                  "HEP^肝炎病毒核酸^L", hepatitis());
    }
    if (orders.pregnancy) {
        add_order(report, serum, "HCG^妊娠试验^L", {pregnancy_test(random_)});
    }
    return send(std::move(report));
}

std::size_t Narrator::molecular_report(std::size_t specimen, bool says_when) {
    const Specimen tube = story_.specimens[specimen];
    Report report;
    report.laboratory = Laboratory::molecular;
    report.what = "hiv1";
    report.analysed =
        plus_minutes(at(tube.collected.day, 9), 24 * 60 + static_cast<int>(random_.between(0, 40)));
    report.sent = plus_minutes(report.analysed, 15);
    add_order(report, specimen, "HIV1^HIV-1 RNA^99ROC",
              viral_load(draw_viral_load(story_.subject(tube.subject).course, random_)));
    if (!says_when) {
        report.orders[0].collected.reset();
    }
    return send(std::move(report));
}

void Narrator::visits(std::size_t subject) {
    const Enrolment& enrolment = story_.enrolments[subject];
    const Subject& whose = enrolment.subject;
    const FlowLabels labels =
        subject == number_of(Cast::late) ? FlowLabels::export_headers : FlowLabels::one_label;
    for (std::size_t i = 0; i < kSchedule.size(); ++i) {
        if (!enrolment.draws[i]) {
            continue;
        }
        const ScheduledVisit& visit = kSchedule[i];
        const Day anchor = visit.from_infusion ? whose.infusions[0]->day : whose.screening_anchor();
        // Half past seven is the day before in universal time: windows count the site's own days.
        const Moment morning =
            at(anchor + std::chrono::days{*enrolment.draws[i]}, 7,
               subject == number_of(Cast::early) ? 30 : static_cast<int>(random_.between(15, 59)));
        auto& reports = visits_[subject][i];
        reports[0] = flow_report(subject, plus_minutes(morning, 6), labels);
        HospitalOrders orders;
        orders.screening = i == 0;
        orders.pregnancy = whose.person.female && i < 4;
        reports[2] = hospital_report(subject, morning, orders);
        std::size_t tube = *story_.reports[*reports[2]].orders[0].specimen;
        if (imported_tube(subject, i)) {
            tube = draw(subject, plus_minutes(morning, 8), kMolecularTube);
            first_specimens_.push_back({tube, i == 1, i == 0 ? std::string(visit.id) : ""});
        }
        reports[1] = molecular_report(tube, i % 2 == 1 && !imported_tube(subject, i));
        story_.reports[*reports[1]].utc = subject == number_of(Cast::early);
    }
}

std::size_t Narrator::report_of(Cast part, std::string_view visit, Laboratory laboratory) const {
    const auto at_visit = static_cast<std::size_t>(&scheduled_visit(visit) - kSchedule.data());
    return *visits_[number_of(part)][at_visit][static_cast<std::size_t>(laboratory)];
}

Observation& Narrator::observation_of(std::size_t report, std::string_view analyte) {
    for (Order& order : story_.reports[report].orders) {
        for (Observation& observation : order.observations) {
            if (observation.expected.analyte == analyte) {
                return observation;
            }
        }
    }
    throw std::logic_error(fmt::format("report {} has no {}", report, analyte));
}

void Narrator::order_steps() {
    for (const auto& [when, index] : subject_import_times_) {
        story_.steps.push_back({when, Step::Kind::subjects, index});
    }
    story_.specimen_imports.push_back(first_specimens_);
    story_.steps.push_back({plus_minutes(kStart, 1), Step::Kind::specimens, 0});
    for (std::size_t i = 0; i < story_.reports.size(); ++i) {
        story_.steps.push_back({story_.reports[i].sent, Step::Kind::send, i});
    }
    for (const auto& [report, when] : resends_) {
        story_.steps.push_back({when, Step::Kind::send, report});
    }
    std::ranges::stable_sort(story_.steps, {}, &Step::at);
}

Story tell(std::uint64_t seed, std::size_t subjects) {
    return Narrator(seed, subjects).tell();
}

}  // namespace labrelay::simulate
