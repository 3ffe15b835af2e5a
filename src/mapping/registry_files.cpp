#include "labrelay/mapping/registry_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "csv_file.hpp"
#include "subject_dates.hpp"
#include "suggestion.hpp"

namespace labrelay::mapping {
namespace {

using study::Identifier;

std::vector<CsvColumn> subject_columns() {
    std::vector<CsvColumn> columns = {{"study", true}, {"site"}, {"screening_no"}, {"subject_no"},
                                      {"identifiers"}, {"sex"},  {"child_bearing"}};
    for (const SubjectDate& date : kSubjectDates) {
        columns.push_back({date.column});
    }
    return columns;
}

std::vector<CsvColumn> specimen_columns() {
    return {{"authority", true}, {"specimen", true}, {"subject_no"},
            {"identifier"},      {"collected_at"},   {"visit"}};
}

/// What both files share: reading one field with its form.
class RowReader {
public:
    explicit RowReader(CsvFile& file) : file_(file) {}

    std::optional<Timestamp> time(const CsvField& field, Precision least) {
        if (field.text.empty()) {
            return std::nullopt;
        }
        const auto time = parse_iso_time(field.text);
        if (!time) {
            const std::size_t inside = time.error().place.offset;
            bad(field, "It is no date.", inside == Place::kNoOffset ? 0 : inside);
            return std::nullopt;
        }
        if (time->precision < least) {
            bad(field, "The day is needed here.");
            return std::nullopt;
        }
        return *time;
    }

    /// `authority:value`, at most as long as the field.
    std::optional<Identifier> identifier(const CsvField& field,
                                         const std::vector<std::string_view>& authorities) {
        const std::size_t colon = field.text.find(':');
        if (colon == std::string::npos || colon == 0 || colon + 1 == field.text.size()) {
            bad(field, "An identifier is written authority:value.");
            return std::nullopt;
        }
        Identifier identifier{field.text.substr(0, colon), field.text.substr(colon + 1)};
        check_name(field, "authority", identifier.authority, authorities);
        return identifier;
    }

    bool check_name(const CsvField& field, std::string_view what, std::string_view name,
                    const std::vector<std::string_view>& known) {
        if (std::find(known.begin(), known.end(), name) != known.end()) {
            return true;
        }
        bad(field,
            fmt::format("The configuration knows no such {}.{}", what, did_you_mean(name, known)));
        return false;
    }

    void bad(const CsvField& field, std::string detail, std::size_t inside = 0) {
        file_.error(Code::csv_value_bad, field.at + inside, std::move(detail), field.text);
    }

private:
    CsvFile& file_;
};

/// Keys that may stand once in a file, with where they stood first.
template <class Key>
class SeenKeys {
public:
    explicit SeenKeys(CsvFile& file) : file_(file) {}

    void add(Key key, std::size_t at, std::string_view what) {
        const auto [first, is_new] = first_.emplace(std::move(key), at);
        if (!is_new) {
            file_.error(
                Code::key_duplicate, at,
                fmt::format("The same {} stands at {}.", what, file_.place(first->second).text));
        }
    }

private:
    CsvFile& file_;
    std::map<Key, std::size_t> first_;
};

class SubjectsReader {
public:
    SubjectsReader(CsvFile& file, const Configuration& configuration)
        : file_(file), row_(file), configuration_(configuration) {}

    std::vector<SubjectRow> read() {
        std::vector<SubjectRow> rows;
        for (const CsvRecord& record : file_.records()) {
            rows.push_back({read_subject(record), file_.place(record.at)});
        }
        return rows;
    }

private:
    study::Subject read_subject(const CsvRecord& record) {
        study::Subject subject;
        read_study(record, subject);
        read_numbers(record, subject);
        read_identifiers(record, subject);
        read_sex(record, subject);
        for (const SubjectDate& date : kSubjectDates) {
            subject.*date.member = row_.time(file_.field(record, date.column), date.least);
        }
        if (const auto column = infusion_out_of_order(subject); !column.empty()) {
            row_.bad(file_.field(record, column), "It is not after the infusion before it.");
        }
        return subject;
    }

    void read_study(const CsvRecord& record, study::Subject& subject) {
        const CsvField study = file_.field(record, "study");
        const CsvField site = file_.field(record, "site");
        subject.study = study.text;
        subject.site = site.text;
        std::vector<std::string_view> studies;
        definition_ = nullptr;
        for (const study::StudyDefinition& one : configuration_.rules().studies) {
            studies.push_back(one.id);
            definition_ = one.id == study.text ? &one : definition_;
        }
        if (!row_.check_name(study, "study", study.text, studies) || site.text.empty()) {
            return;
        }
        std::vector<std::string_view> sites;
        for (const study::Site& one : definition_->sites) {
            sites.push_back(one.id);
        }
        row_.check_name(site, "site", site.text, sites);
    }

    void read_numbers(const CsvRecord& record, study::Subject& subject) {
        const CsvField screening = file_.field(record, "screening_no");
        const CsvField number = file_.field(record, "subject_no");
        subject.screening_no = screening.text;
        subject.subject_no = number.text;
        if (screening.text.empty() && number.text.empty()) {
            file_.error(Code::csv_value_bad, record.at,
                        "A subject has a screening number, a subject number or both.");
        }
        if (!screening.text.empty()) {
            numbers_.add({subject.study, "screening", screening.text}, screening.at,
                         "screening number");
        }
        if (!number.text.empty()) {
            numbers_.add({subject.study, "subject", number.text}, number.at, "subject number");
        }
    }

    void read_identifiers(const CsvRecord& record, study::Subject& subject) {
        const CsvField all = file_.field(record, "identifiers");
        std::vector<std::string_view> authorities;
        if (definition_ != nullptr) {
            authorities.assign(definition_->authorities.begin(), definition_->authorities.end());
        }
        for (std::size_t at = 0; at < all.text.size();) {
            const std::size_t end = std::min(all.text.find(';', at), all.text.size());
            const std::size_t first = std::min(all.text.find_first_not_of(' ', at), end);
            const std::size_t last = all.text.find_last_not_of(' ', end - 1);
            const std::size_t length = first < end ? last - first + 1 : 0;
            const CsvField one{all.text.substr(first, length), all.at + first};
            if (definition_ != nullptr) {
                if (auto identifier = row_.identifier(one, authorities)) {
                    append(subject, *std::move(identifier), one.at);
                }
            }
            at = end + 1;
        }
    }

    void append(study::Subject& subject, Identifier identifier, std::size_t at) {
        auto& known = subject.identifiers;
        if (std::find(known.begin(), known.end(), identifier) == known.end()) {
            identifiers_.add({subject.study, identifier.authority, identifier.value}, at,
                             "identifier");
            known.push_back(std::move(identifier));
        }
    }

    void read_sex(const CsvRecord& record, study::Subject& subject) {
        const CsvField sex = file_.field(record, "sex");
        const CsvField bearing = file_.field(record, "child_bearing");
        if (sex.text == "M" || sex.text == "F") {
            subject.sex = sex.text == "M" ? study::Sex::male : study::Sex::female;
        } else if (!sex.text.empty()) {
            row_.bad(sex, "Sex is M, F or empty.");
        }
        if (bearing.text == "yes" || bearing.text == "no") {
            subject.child_bearing = bearing.text == "yes";
        } else if (!bearing.text.empty()) {
            row_.bad(bearing, "It is yes, no or empty.");
        }
    }

    CsvFile& file_;
    RowReader row_;
    const Configuration& configuration_;
    const study::StudyDefinition* definition_ = nullptr;  // of the row
    SeenKeys<std::tuple<std::string, std::string, std::string>> numbers_{file_};
    SeenKeys<std::tuple<std::string, std::string, std::string>> identifiers_{file_};
};

class SpecimensReader {
public:
    SpecimensReader(CsvFile& file, const Configuration& configuration) : file_(file), row_(file) {
        for (const SourceDefinition& source : configuration.sources()) {
            for (const SpecimenLine& line : source.specimens) {
                if (!line.authority.empty()) {
                    specimen_authorities_.push_back(line.authority);
                }
            }
        }
        for (const study::StudyDefinition& study : configuration.rules().studies) {
            for (const std::string& authority : study.authorities) {
                patient_authorities_.push_back(authority);
            }
            for (const study::Visit& visit : study.visits) {
                visits_.push_back(visit.id);
            }
        }
    }

    std::vector<SpecimenRow> read() {
        std::vector<SpecimenRow> rows;
        for (const CsvRecord& record : file_.records()) {
            rows.push_back({read_specimen(record), file_.place(record.at)});
        }
        return rows;
    }

private:
    study::RegisteredSpecimen read_specimen(const CsvRecord& record) {
        const CsvField authority = file_.field(record, "authority");
        const CsvField name = file_.field(record, "specimen");
        const CsvField patient = file_.field(record, "identifier");
        const CsvField visit = file_.field(record, "visit");
        study::RegisteredSpecimen specimen;
        specimen.name = {authority.text, name.text};
        row_.check_name(authority, "authority of specimens", authority.text, specimen_authorities_);
        if (name.text.empty()) {
            row_.bad(name, "The specimen's number is missing.");
        } else {
            names_.add({authority.text, name.text}, name.at, "specimen");
        }
        specimen.subject_no = file_.field(record, "subject_no").text;
        if (!patient.text.empty()) {
            specimen.patient = row_.identifier(patient, patient_authorities_);
        } else if (specimen.subject_no.empty()) {
            file_.error(Code::csv_value_bad, record.at,
                        "A specimen needs a subject number or an identifier.");
        }
        specimen.collected_at = row_.time(file_.field(record, "collected_at"), Precision::day);
        specimen.visit = visit.text;
        if (!visit.text.empty()) {
            row_.check_name(visit, "visit", visit.text, visits_);
        }
        return specimen;
    }

    CsvFile& file_;
    RowReader row_;
    std::vector<std::string_view> specimen_authorities_;
    std::vector<std::string_view> patient_authorities_;
    std::vector<std::string_view> visits_;
    SeenKeys<std::pair<std::string, std::string>> names_{file_};
};

}  // namespace

SubjectsFile read_subjects(std::string_view bytes, std::string name,
                           const Configuration& configuration) {
    CsvFile file(std::move(name), std::string(bytes), subject_columns());
    SubjectsFile subjects;
    if (file.has("study")) {
        subjects.rows = SubjectsReader(file, configuration).read();
    }
    subjects.errors = file.errors();
    return subjects;
}

SpecimensFile read_specimens(std::string_view bytes, std::string name,
                             const Configuration& configuration) {
    CsvFile file(std::move(name), std::string(bytes), specimen_columns());
    SpecimensFile specimens;
    if (file.has("authority") && file.has("specimen")) {
        specimens.rows = SpecimensReader(file, configuration).read();
    }
    specimens.errors = file.errors();
    return specimens;
}

}  // namespace labrelay::mapping
