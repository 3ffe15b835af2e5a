#include "labrelay/mapping/lab_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "csv_file.hpp"
#include "suggestion.hpp"

namespace labrelay::mapping {
namespace {

std::vector<CsvColumn> columns() {
    return {{"subject"},   {"patient"}, {"sex"},  {"birth_date"},  {"visit"}, {"collected_at"},
            {"accession"}, {"analyte"}, {"code"}, {"value", true}, {"unit"}};
}

class ListReader {
public:
    ListReader(CsvFile& file, const Configuration& configuration) : file_(file) {
        for (const study::Analyte& analyte : configuration.rules().analytes) {
            analytes_.push_back(analyte.key);
        }
        for (const study::StudyDefinition& study : configuration.rules().studies) {
            authorities_.insert(authorities_.end(), study.authorities.begin(),
                                study.authorities.end());
            for (const study::Visit& visit : study.visits) {
                visits_.push_back(visit.id);
            }
        }
    }

    std::vector<study::LabListRow> read(std::string_view bytes) {
        std::vector<study::LabListRow> rows;
        for (const CsvRecord& record : file_.records()) {
            // A quoted field may hold line breaks: the record's number is not its line.
            const auto line = std::count(
                bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(record.at), '\n');
            rows.push_back(read_row(record));
            rows.back().line = static_cast<std::size_t>(line) + 1;
        }
        return rows;
    }

private:
    study::LabListRow read_row(const CsvRecord& record) {
        study::LabListRow row;
        row.subject = file_.field(record, "subject").text;
        read_person(record, row);
        row.visit = known(record, "visit", visits_);
        row.collected = time(file_.field(record, "collected_at"), Precision::day);
        row.accession = file_.field(record, "accession").text;
        row.analyte = known(record, "analyte", analytes_);
        row.code = file_.field(record, "code").text;
        row.unit = file_.field(record, "unit").text;
        const CsvField value = file_.field(record, "value");
        row.value = value.text;
        if (value.text.empty()) {
            bad(value, "The value is missing.");
        }
        needs(record, row.subject.empty() && !row.patient,
              "A line needs a subject or a patient's identifier.");
        needs(record, row.analyte.empty() && row.code.empty(),
              "A line needs an analyte or the laboratory's code.");
        needs(record, !row.collected && row.accession.empty(),
              "A line needs a collection time or an accession.");
        return row;
    }

    void read_person(const CsvRecord& record, study::LabListRow& row) {
        const CsvField patient = file_.field(record, "patient");
        if (!patient.text.empty()) {
            const std::size_t colon = patient.text.find(':');
            if (colon == std::string::npos || colon == 0 || colon + 1 == patient.text.size()) {
                bad(patient, "An identifier is written authority:value.");
            } else {
                row.patient = study::Identifier{patient.text.substr(0, colon),
                                                patient.text.substr(colon + 1)};
                check(patient, "authority", row.patient->authority, authorities_);
            }
        }
        const CsvField sex = file_.field(record, "sex");
        if (sex.text == "M" || sex.text == "F") {
            row.sex = sex.text == "M" ? study::Sex::male : study::Sex::female;
        } else if (!sex.text.empty()) {
            bad(sex, "Sex is M, F or empty.");
        }
        row.birth_date = time(file_.field(record, "birth_date"), Precision::year);
    }

    std::string known(const CsvRecord& record, std::string_view column,
                      const std::vector<std::string_view>& names) {
        const CsvField field = file_.field(record, column);
        if (!field.text.empty()) {
            check(field, column, field.text, names);
        }
        return field.text;
    }

    void check(const CsvField& field, std::string_view what, std::string_view name,
               const std::vector<std::string_view>& names) {
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            bad(field, fmt::format("The configuration knows no such {}.{}", what,
                                   did_you_mean(name, names)));
        }
    }

    std::optional<Timestamp> time(const CsvField& field, Precision least) {
        if (field.text.empty()) {
            return std::nullopt;
        }
        const auto time = parse_iso_time(field.text);
        if (!time || time->precision < least) {
            bad(field, least == Precision::day ? "A day or a time is needed, YYYY-MM-DDTHH:MM."
                                               : "It is no date.");
            return std::nullopt;
        }
        return *time;
    }

    void needs(const CsvRecord& record, bool lacks, std::string detail) {
        if (lacks) {
            file_.error(Code::csv_value_bad, record.at, std::move(detail));
        }
    }
    void bad(const CsvField& field, std::string detail) {
        file_.error(Code::csv_value_bad, field.at, std::move(detail), field.text);
    }

    CsvFile& file_;
    std::vector<std::string_view> analytes_;
    std::vector<std::string_view> visits_;
    std::vector<std::string_view> authorities_;
};

}  // namespace

LabListFile read_lab_list(std::string_view bytes, std::string name,
                          const Configuration& configuration) {
    CsvFile file(std::move(name), std::string(bytes), columns());
    LabListFile list;
    if (file.has("value")) {
        list.rows = ListReader(file, configuration).read(bytes);
    }
    list.errors = file.errors();
    return list;
}

}  // namespace labrelay::mapping
