#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "assays.hpp"
#include "story.hpp"

namespace labrelay::simulate {

/// Writes the story: narrator.cpp the regular course of three laboratories over seven visits with
/// the registry files that follow the doses, incidents.cpp what goes wrong.
class Narrator {
public:
    Narrator(std::uint64_t seed, std::size_t subjects);
    Story tell();

private:
    using Visits =
        std::array<std::array<std::optional<std::size_t>, 3>, 7>;  ///< reports by visit, laboratory
    struct HospitalOrders {
        bool screening = false;
        bool pregnancy = false;
    };

    // The regular course.
    void register_subjects();
    void import_subjects(Moment when, std::vector<std::size_t> subjects);
    void visits(std::size_t subject);
    std::size_t draw(std::size_t subject, Moment collected, int tube);
    std::size_t flow_report(std::size_t subject, Moment collected, FlowLabels labels);
    std::size_t hospital_report(std::size_t subject, Moment collected, HospitalOrders orders);
    std::size_t molecular_report(std::size_t specimen, bool says_when);
    Report hospital_form(const Person& person, Moment collected) const;
    void add_order(Report& report, std::size_t specimen, std::string service,
                   std::vector<Observation> observations);
    std::size_t send(Report report);
    void send_again(std::size_t report, Moment when) { resends_.emplace_back(report, when); }
    void order_steps();

    // What goes wrong.
    void incidents();
    void unscheduled_blood();
    void repeats();
    void preliminaries();
    void corrections();
    void taken_back();
    void held_values();
    void held_patients();
    void strangers();
    void no_results();
    void bystanders();
    std::size_t version_of(std::size_t report, std::string_view status, Moment analysed,
                           Moment sent);

    std::size_t report_of(Cast part, std::string_view visit, Laboratory laboratory) const;
    Observation& observation_of(std::size_t report, std::string_view analyte);
    const Subject& subject_of(Cast part) const {
        return story_.subject(static_cast<std::size_t>(part));
    }
    Moment first_draw(std::size_t report) const {
        return *story_.reports[report].orders[0].collected;
    }

    Random random_;
    Story story_;
    std::vector<Visits> visits_;
    std::vector<std::pair<std::size_t, Moment>> resends_;
    std::vector<std::pair<Moment, std::size_t>> subject_import_times_;
    std::vector<SpecimenEntry> first_specimens_;
};

}  // namespace labrelay::simulate
