#include "labrelay/app/subject_view.hpp"

#include <algorithm>
#include <iostream>

#include "labrelay/app/dry_run.hpp"
#include "labrelay/app/offline_store.hpp"

namespace labrelay::app {

std::vector<const study::Subject*> SubjectView::subjects(std::string_view number) const {
    std::vector<const study::Subject*> found =
        number.empty() ? registry.all_subjects() : registry.subjects_by_number(number);
    std::erase_if(found, [this](const study::Subject* subject) {
        return configuration->rules().study(subject->study) == nullptr;
    });
    return found;
}

const study::StudyDefinition& SubjectView::study_of(const study::Subject& subject) const {
    return *configuration->rules().study(subject.study);
}

std::optional<SubjectView> open_subject_view(const std::string& data, const std::string& mappings) {
    std::shared_ptr<const mapping::Configuration> configuration = load_or_report(mappings);
    if (!configuration) {
        return std::nullopt;
    }
    Result<store::ReadSession> session = open_for_reading(data);
    if (!session) {
        std::cerr << describe(session.error()) << "\n";
        return std::nullopt;
    }
    study::Registry registry = store::read_registry(*session);
    return SubjectView{std::move(configuration), std::move(*session), std::move(registry)};
}

Result<Instant> instant_at(std::string_view text, const study::Subject& subject,
                           const study::StudyDefinition& study) {
    Result<Timestamp> time = parse_iso_time(text);
    if (!time) {
        return tl::unexpected(time.error());
    }
    if (time->precision < Precision::day) {
        return fail(Code::csv_value_bad, {std::string(text)}, "a day or a time is needed");
    }
    const bool whole_day = !time->has_time();
    if (whole_day) {
        time->day += std::chrono::days(1);
        time->precision = Precision::fraction;
    }
    const study::Site* site = study.site(subject.site);
    const Result<Zone> utc = Zone::find("Etc/UTC");
    const Zone& zone = site != nullptr && site->zone ? *site->zone : *utc;
    const Result<LocalTime> local = zone.local(*time);
    if (!local) {
        return tl::unexpected(local.error());
    }
    return Instant{local->instant.value_or(Instant{}).microseconds - (whole_day ? 1 : 0)};
}

}  // namespace labrelay::app
