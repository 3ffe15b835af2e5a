#include <algorithm>

#include "labrelay/mapping/registry_files.hpp"
#include "subject_dates.hpp"

namespace labrelay::mapping {
namespace {

using study::Subject;

tl::unexpected<Error> bad(const std::string& column, std::string why) {
    return fail(Code::csv_value_bad, Place{column}, std::move(why));
}

Result<void> correct_date(const SubjectDate& date, const std::string& text, Subject& subject) {
    std::optional<Timestamp>& known = subject.*date.member;
    if (text.empty()) {
        known.reset();
        return {};
    }
    const Result<Timestamp> time = parse_iso_time(text);
    if (!time || time->precision < date.least) {
        return bad(std::string(date.column),
                   "A date as 2026-03-01 is needed, with its time where "
                   "known.");
    }
    known = *time;
    return {};
}

Result<void> correct_site(const std::string& text, const Configuration& configuration,
                          Subject& subject) {
    const study::StudyDefinition* study = configuration.rules().study(subject.study);
    if (study == nullptr ||
        std::ranges::find(study->sites, text, &study::Site::id) == study->sites.end()) {
        return bad("site", "The study has no such site.");
    }
    subject.site = text;
    return {};
}

Result<void> correct_field(const std::string& column, const std::string& text,
                           const Configuration& configuration, Subject& subject) {
    const auto* const date = std::ranges::find(kSubjectDates, column, &SubjectDate::column);
    if (date != kSubjectDates.end()) {
        return correct_date(*date, text, subject);
    }
    if (column == "site") {
        return correct_site(text, configuration, subject);
    }
    if (column == "sex") {
        if (!text.empty() && text != "M" && text != "F") {
            return bad(column, "Sex is M, F or empty.");
        }
        subject.sex.reset();
        if (!text.empty()) {
            subject.sex = text == "M" ? study::Sex::male : study::Sex::female;
        }
        return {};
    }
    if (column == "child_bearing") {
        if (!text.empty() && text != "yes" && text != "no") {
            return bad(column, "It is yes, no or empty.");
        }
        subject.child_bearing.reset();
        if (!text.empty()) {
            subject.child_bearing = text == "yes";
        }
        return {};
    }
    if (column == "subject_no") {
        // The screening number is the subject's name for life and is not corrected.
        if (text.empty() && subject.screening_no.empty()) {
            return bad(column, "A subject needs a number.");
        }
        subject.subject_no = text;
        return {};
    }
    return bad(column, "This is not corrected here.");
}

}  // namespace

Result<Subject> correct_subject(const Subject& known,
                                const std::map<std::string, std::string>& fields,
                                const Configuration& configuration) {
    Subject subject = known;
    for (const auto& [column, text] : fields) {
        if (const Result<void> done = correct_field(column, text, configuration, subject); !done) {
            return tl::unexpected(done.error());
        }
    }
    if (const std::string_view column = infusion_out_of_order(subject); !column.empty()) {
        return fail(Code::registry_conflict, Place{std::string(column)},
                    "It is not after the infusion before it.");
    }
    return subject;
}

}  // namespace labrelay::mapping
