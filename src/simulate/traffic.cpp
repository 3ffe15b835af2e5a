#include "labrelay/simulate/traffic.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "assays.hpp"
#include "registry_files.hpp"
#include "report.hpp"

namespace labrelay::simulate {
namespace {

constexpr int kDaysUntilDose = 20;
constexpr int kDaysOfTrial = 380;
constexpr int kMinutesADay = 24 * 60;

/// Subject `index` of the load: enrolled, all three doses known.
Subject load_subject(std::size_t index) {
    Subject subject;
    subject.person.mrn = fmt::format("{:08}", 70000000 + index);
    subject.person.name = "测試";
    subject.person.female = index % 2 == 1;
    subject.person.birth = make_day(1980, 1, 1) + std::chrono::days{index % 5000};
    subject.screening_no = fmt::format("LSCR-{:06}", index + 1);
    subject.subject_no = fmt::format("L-{:06}", index + 1);
    subject.consent = make_day(2023, 5, 10) + std::chrono::days{index % 50};
    subject.art_start = subject.consent - std::chrono::days{1000};
    const int doses[] = {0, 30, 61};
    for (std::size_t i = 0; i < kInfusions; ++i) {
        subject.infusions[i] =
            at(subject.consent + std::chrono::days{kDaysUntilDose + doses[i]}, 20, 0);
    }
    return subject;
}

/// The n-th draw of a subject: a day each until the trial's end, then the same days at a later
/// hour.
Moment load_draw(const Subject& subject, std::uint64_t turn) {
    const auto day = static_cast<int>(turn % kDaysOfTrial);
    const auto later = static_cast<int>(turn / kDaysOfTrial % (12 * 60));
    return plus_minutes(at(subject.consent + std::chrono::days{day}, 7), later);
}

std::vector<Observation> flow_load(Random& random) {
    const Lymphocytes cells = count_lymphocytes({}, 0, random);
    std::vector<Observation> panel = flow_panel(cells, FlowLabels::one_label);
    Observation percent = panel.front();
    percent.sub_id = "2";
    percent.unit = "%";
    percent.value = "99.1";
    panel.push_back(percent);
    // The tenth: a test whose repeats a source keeps apart by OBX-4.
    const auto ratio = std::ranges::find(panel, "4/8 Ratio^^99BD", &Observation::code);
    Observation again = *ratio;
    again.sub_id = "2";
    panel.push_back(again);
    return panel;
}

std::vector<Observation> hospital_load(const Person& person, Random& random) {
    std::vector<Observation> panel = blood_count(person, random);
    for (Observation& observation : chemistry(person, random)) {
        if (panel.size() < static_cast<std::size_t>(Traffic::kObservations)) {
            panel.push_back(std::move(observation));
        }
    }
    return panel;
}

}  // namespace

std::string Traffic::subjects_csv() const {
    std::string csv{subjects_header()};
    for (std::size_t i = 0; i < subjects_; ++i) {
        csv += subject_line(load_subject(i), at(make_day(2026, 1, 1), 0));
    }
    return csv;
}

std::string Traffic::control_id(std::uint64_t number) const {
    return fmt::format("T{:09}", number);
}

std::string Traffic::message(std::uint64_t number) const {
    Random random(seed_ + number * 0x2545F4914F6CDD1DU);
    const Subject subject = load_subject(static_cast<std::size_t>(number % subjects_));
    Report report;
    report.patient = subject.person;
    report.birth = hl7_day(subject.person.birth);
    Order order;
    order.accession = fmt::format("T{:09}", number);
    order.placer = fmt::format("P{:09}", number);
    order.collected = load_draw(subject, number / subjects_);
    if (source_ == TrafficSource::facs_lyric) {
        report.laboratory = Laboratory::flow;
        report.sex = subject.person.female ? "F" : "M";
        order.service = "TBNK^T subset^99BD";
        order.observations = flow_load(random);
    } else {
        report.laboratory = Laboratory::hospital;
        report.utf8 = source_ == TrafficSource::lis_qilu_utf8;
        report.sex = subject.person.female ? "女" : "男";
        order.service = "CBC^血常规^L";
        order.observations = hospital_load(subject.person, random);
    }
    report.analysed = plus_minutes(*order.collected, kMinutesADay / 6);
    report.sent = plus_minutes(report.analysed, 20);
    report.orders.push_back(std::move(order));
    return render(report, control_id(number));
}

}  // namespace labrelay::simulate
