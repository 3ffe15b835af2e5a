#include "registry_files.hpp"

#include <fmt/format.h>

namespace labrelay::simulate {
namespace {

std::string day_if_known(const std::optional<Day>& day, Moment as_of) {
    return day && at(*day, 0) <= as_of ? iso_day(*day) : "";
}

}  // namespace

std::string_view subjects_header() {
    return "study,site,screening_no,subject_no,identifiers,sex,birth_date,child_bearing,consent_"
           "date,"
           "screening_from,first_infusion,second_infusion,third_infusion,randomised_at,withdrawn_"
           "at,"
           "screen_failed_at,art_start,regimen_changed\n";
}

std::string subject_line(const Subject& subject, Moment as_of) {
    std::array<std::string, kInfusions> doses;
    for (std::size_t i = 0; i < kInfusions; ++i) {
        if (subject.infusions[i] && *subject.infusions[i] <= as_of) {
            doses[i] = iso_minute(*subject.infusions[i]);
        }
    }
    const bool enrolled = !doses[0].empty();
    const bool female = subject.person.female;
    return fmt::format("NCT05872659,QILU,{},{},QILU-MRN:{},{},{},{},{},{},{},{},{},{},{},{},{},\n",
                       subject.screening_no, enrolled ? subject.subject_no : "", subject.person.mrn,
                       female ? "F" : "M", iso_day(subject.person.birth), female ? "yes" : "",
                       iso_day(subject.consent),
                       subject.screening_from ? iso_day(*subject.screening_from) : "", doses[0],
                       doses[1], doses[2],
                       enrolled ? iso_day(subject.infusions[0]->day - std::chrono::days{3}) : "",
                       day_if_known(subject.withdrawn, as_of),
                       day_if_known(subject.screen_failed, as_of), iso_day(subject.art_start));
}

std::string subjects_file(const Story& story, std::size_t import, Moment as_of) {
    std::string out{subjects_header()};
    for (const std::size_t subject : story.subject_imports[import]) {
        out += subject_line(story.subject(subject), as_of);
    }
    return out;
}

std::string specimens_file(const Story& story, std::size_t import) {
    std::string out = "authority,specimen,subject_no,identifier,collected_at,visit\n";
    for (const SpecimenEntry& entry : story.specimen_imports[import]) {
        const Specimen& specimen = story.specimens[entry.specimen];
        const Subject& subject = story.subject(specimen.subject);
        out += fmt::format("QILU-ACC,{},{},{},{},{}\n", specimen.accession,
                           entry.by_identifier ? "" : subject.screening_no,
                           entry.by_identifier ? "QILU-MRN:" + subject.person.mrn : "",
                           iso_minute(specimen.collected), entry.visit);
    }
    return out;
}

}  // namespace labrelay::simulate
