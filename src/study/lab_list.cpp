#include "labrelay/study/lab_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <tuple>

namespace labrelay::study {
namespace {

/// Two times agree as far as both are known.
bool agree(const Timestamp& left, const Timestamp& right) {
    const Precision known = std::min(left.precision, right.precision);
    const std::chrono::year_month_day a{left.day};
    const std::chrono::year_month_day b{right.day};
    if (a.year() != b.year() || (known >= Precision::month && a.month() != b.month()) ||
        (known >= Precision::day && a.day() != b.day())) {
        return false;
    }
    if (known < Precision::hour) {
        return true;
    }
    // Laboratories print minutes; what is finer is the sender's.
    const std::chrono::microseconds unit = known == Precision::hour
                                               ? std::chrono::hours(1)
                                               : std::chrono::microseconds(std::chrono::minutes(1));
    return left.time_of_day / unit == right.time_of_day / unit;
}

bool same_text(const std::string& left, const std::string& right) {
    return std::ranges::equal(left, right, [](unsigned char a, unsigned char b) {
        return std::tolower(a) == std::tolower(b);
    });
}

bool same_number(const std::string& text, const std::string& other) {
    const auto left = Decimal::parse(text);
    const auto right = Decimal::parse(other);
    return left && right && *left == *right;
}

/// As reported, or as standardised; a value's unit decides which of the two.
bool says_value(const LabListRow& row, const ResultValue& value) {
    const bool reported_unit = row.unit.empty() || same_text(row.unit, value.unit_reported);
    const bool our_unit = row.unit.empty() || same_text(row.unit, value.unit);
    return (reported_unit && (same_text(row.value, value.value_reported) ||
                              same_number(row.value, value.value_reported))) ||
           (our_unit &&
            (same_text(row.value, value.value_text) ||
             (value.value_num && same_number(row.value, value.value_num->to_string()))));
}

bool is_of_test(const LabListRow& row, const std::string& analyte, const std::string& code) {
    return row.analyte.empty() ? row.code == code : row.analyte == analyte;
}

std::string test_of(const LabListRow& row) {
    return row.analyte.empty() ? row.code : row.analyte;
}

using RowKey = std::tuple<std::string, std::string, std::string, std::string>;

class ListReader {
public:
    explicit ListReader(std::span<const ListedSubject> subjects) : subjects_(subjects) {}

    ListComparison read(std::span<const LabListRow> rows) {
        for (const LabListRow& row : rows) {
            ++comparison_.counts.rows;
            read_row(row);
        }
        return std::move(comparison_);
    }

private:
    void read_row(const LabListRow& row) {
        const ListedSubject* subject = subject_of(row);
        const std::string who = subject != nullptr ? subject->subject->label() : row.subject;
        const std::string collected = row.collected ? row.collected->text : std::string();
        const std::string patient = row.patient ? row.patient->value : std::string();
        if (!seen_.insert({who + "\n" + patient, row.accession, test_of(row), collected}).second) {
            ++comparison_.counts.repeated;
            add(Code::listed_twice, subject, row, "the same result stands on an earlier line");
            return;
        }
        if (subject == nullptr) {
            ++comparison_.counts.never_arrived;
            add(Code::never_arrived, nullptr, row, "the patient is no subject of the study here");
            return;
        }
        const ResultRecord* record = result_of(row, *subject);
        if (record == nullptr) {
            read_absent(row, *subject);
            return;
        }
        taken_.insert(record);
        const ResultValue& value = record->current_version().value;
        if (says_value(row, value)) {
            ++comparison_.counts.same;
            settle(Code::list_differs, subject, row);
        } else {
            ++comparison_.counts.different;
            add(Code::list_differs, subject, row,
                fmt::format("the list says {} {}, here is {} {}", row.value, row.unit,
                            value.value_reported, value.unit_reported));
        }
        settle(Code::never_arrived, subject, row);
        compare_header(row, *subject, record);
    }

    void read_absent(const LabListRow& row, const ListedSubject& subject) {
        const auto held = std::ranges::find_if(subject.held, [&](const HeldResult& each) {
            return is_of_test(row, each.analyte, each.code) &&
                   (!row.collected || !each.collected || agree(*row.collected, *each.collected));
        });
        if (held != subject.held.end()) {
            ++comparison_.counts.held;
            settle(Code::never_arrived, &subject, row);
        } else {
            ++comparison_.counts.never_arrived;
            add(Code::never_arrived, &subject, row, "it never arrived here");
        }
        compare_header(row, subject, nullptr);
    }

    const ListedSubject* subject_of(const LabListRow& row) const {
        const auto found = std::ranges::find_if(subjects_, [&](const ListedSubject& each) {
            const Subject& subject = *each.subject;
            if (!row.subject.empty()) {
                return row.subject == subject.subject_no || row.subject == subject.screening_no;
            }
            return row.patient && std::ranges::find(subject.identifiers, *row.patient) !=
                                      subject.identifiers.end();
        });
        return found == subjects_.end() ? nullptr : &*found;
    }

    /// By the accession where the list gives one, else by the time; of several the one that says
    /// the same. A result answers one line only.
    const ResultRecord* result_of(const LabListRow& row, const ListedSubject& subject) const {
        const ResultRecord* best = nullptr;
        for (const ResultRecord& record : subject.results->results) {
            const StoredVersion& version = record.current_version();
            if (!record.key.derived.empty() || taken_.contains(&record) ||
                !is_of_test(row, version.analyte, record.key.code)) {
                continue;
            }
            const SpecimenIdentity& specimen = record.key.specimen;
            const bool matches =
                row.accession.empty()
                    ? row.collected && version.collected &&
                          agree(*row.collected, *version.collected)
                    : row.accession == specimen.specimen_id || row.accession == specimen.order;
            if (matches && (best == nullptr || (says_value(row, version.value) &&
                                                !says_value(row, best->current_version().value)))) {
                best = &record;
            }
        }
        return best;
    }

    void compare_header(const LabListRow& row, const ListedSubject& listed,
                        const ResultRecord* record) {
        const Subject& subject = *listed.subject;
        std::vector<std::string> wrong;
        if (row.sex && subject.sex && *row.sex != *subject.sex) {
            wrong.emplace_back("the sex differs");
        }
        // The date itself is nobody's business here.
        if (row.birth_date && subject.birth_date && !agree(*row.birth_date, *subject.birth_date)) {
            wrong.emplace_back("the birth date differs");
        }
        if (row.patient && !row.subject.empty() &&
            std::ranges::find(subject.identifiers, *row.patient) == subject.identifiers.end()) {
            wrong.emplace_back("the identifier is not the subject's");
        }
        if (record != nullptr) {
            compare_draw(row, *record, wrong);
        }
        if (wrong.empty()) {
            settle(Code::header_differs, &listed, row);
            return;
        }
        ++comparison_.counts.header;
        add(Code::header_differs, &listed, row, fmt::format("{}", fmt::join(wrong, "; ")));
    }

    static void compare_draw(const LabListRow& row, const ResultRecord& record,
                             std::vector<std::string>& wrong) {
        const StoredVersion& version = record.current_version();
        if (!row.visit.empty() && row.visit != record.placement.visit) {
            wrong.push_back(fmt::format("the list says visit {}, here it stands at {}", row.visit,
                                        record.placement.visit.empty()
                                            ? to_string(record.placement.kind)
                                            : std::string_view(record.placement.visit)));
        }
        if (row.collected && version.collected && !agree(*row.collected, *version.collected)) {
            wrong.push_back(fmt::format("the list says collected {}, here is {}",
                                        row.collected->text, version.collected->text));
        }
    }

    static Difference difference(Code code, const ListedSubject* subject, const LabListRow& row) {
        const std::string specimen =
            row.accession.empty() ? std::string() : " specimen " + row.accession;
        return {code,
                subject != nullptr ? subject->subject->id : SubjectId{},
                fmt::format("{} collected {}{}", test_of(row),
                            row.collected ? row.collected->text : "at no time given", specimen),
                {}};
    }

    void add(Code code, const ListedSubject* subject, const LabListRow& row,
             const std::string& what) {
        Difference found = difference(code, subject, row);
        found.sentence = fmt::format(
            "line {}, {} {}: {}.", row.line,
            subject != nullptr ? subject->subject->label() : "nobody known", test_of(row), what);
        comparison_.differences.push_back(std::move(found));
    }

    void settle(Code code, const ListedSubject* subject, const LabListRow& row) {
        comparison_.settled.push_back(difference(code, subject, row));
    }

    std::span<const ListedSubject> subjects_;
    std::set<RowKey> seen_;
    std::set<const ResultRecord*> taken_;
    ListComparison comparison_;
};

}  // namespace

ListComparison compare_with_list(std::span<const LabListRow> rows,
                                 std::span<const ListedSubject> subjects) {
    return ListReader(subjects).read(rows);
}

}  // namespace labrelay::study
