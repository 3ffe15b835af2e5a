#include "csv_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "labrelay/hl7/charset.hpp"
#include "suggestion.hpp"

namespace labrelay::mapping {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool ends_field(std::string_view text, std::size_t at) {
    return at == text.size() || text[at] == ',' || text[at] == '\n' || text.substr(at, 2) == "\r\n";
}

}  // namespace

CsvFile::CsvFile(std::string name, std::string bytes, const std::vector<CsvColumn>& columns)
    : places_(std::move(name), std::move(bytes)) {
    const std::string& text = places_.text();
    if (const auto bad = hl7::first_invalid_utf8(text)) {
        error(Code::csv_malformed, *bad, "The file is not UTF-8.");
        return;
    }
    std::size_t at = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    bool header_read = false;
    while (at < text.size()) {
        const std::size_t errors_before = errors_.size();
        CsvRecord record = read_record(at);
        const bool blank = record.fields.size() == 1 && record.fields[0].text.empty();
        if (blank) {
            continue;
        }
        if (!header_read) {
            header_read = true;
            read_header(record, columns);
        } else if (record.fields.size() == header_.size()) {
            records_.push_back(std::move(record));
        } else if (errors_.size() == errors_before) {  // else that is why
            error(Code::csv_malformed, record.at,
                  fmt::format("{} fields under a header of {}.", record.fields.size(),
                              header_.size()));
        }
    }
    if (!header_read) {
        error(Code::csv_header_bad, 0, "The file is empty.");
    }
}

CsvRecord CsvFile::read_record(std::size_t& at) {
    const std::string& text = places_.text();
    CsvRecord record{{}, at};
    for (;;) {
        record.fields.push_back(read_field(at));
        if (at < text.size() && text[at] == ',') {
            ++at;
            continue;
        }
        if (at < text.size()) {
            at += text[at] == '\r' ? 2U : 1U;
        }
        return record;
    }
}

CsvField CsvFile::read_field(std::size_t& at) {
    const std::string& text = places_.text();
    if (at < text.size() && text[at] == '"') {
        return read_quoted(at);
    }
    const std::size_t begin = at;
    while (!ends_field(text, at)) {
        if (text[at] == '"') {
            error(Code::csv_malformed, at, "A quote stands inside a field that is not quoted.");
        }
        ++at;
    }
    const std::string_view whole = std::string_view(text).substr(begin, at - begin);
    const std::size_t first = whole.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {{}, begin};
    }
    const std::size_t last = whole.find_last_not_of(" \t");
    return {std::string(whole.substr(first, last - first + 1)), begin + first};
}

CsvField CsvFile::read_quoted(std::size_t& at) {
    const std::string& text = places_.text();
    const std::size_t quote = at++;
    CsvField field{{}, at};
    for (; at < text.size(); ++at) {
        if (text[at] != '"') {
            field.text.push_back(text[at]);
        } else if (text.substr(at, 2) == "\"\"") {
            field.text.push_back('"');
            ++at;
        } else {
            break;
        }
    }
    if (at == text.size()) {
        error(Code::csv_malformed, quote, "The quote is never closed.");
        return field;
    }
    ++at;
    if (!ends_field(text, at)) {
        error(Code::csv_malformed, at, "Text follows a closing quote.");
        while (!ends_field(text, at)) {
            ++at;
        }
    }
    return field;
}

void CsvFile::read_header(const CsvRecord& header, const std::vector<CsvColumn>& columns) {
    std::vector<std::string_view> names;
    names.reserve(columns.size());
    for (const CsvColumn& column : columns) {
        names.push_back(column.name);
    }
    for (const CsvField& field : header.fields) {
        if (std::find(names.begin(), names.end(), field.text) == names.end()) {
            // Where the header is missing this is a row of data, so it is shown as a value only.
            error(Code::csv_header_bad, field.at,
                  fmt::format("This is no column of the file.{}", did_you_mean(field.text, names)),
                  field.text);
        } else if (has(field.text)) {
            error(Code::csv_header_bad, field.at,
                  fmt::format("The column \"{}\" stands twice.", field.text));
        }
        header_.push_back(field.text);
    }
    for (const CsvColumn& column : columns) {
        if (column.required && !has(column.name)) {
            error(Code::csv_header_bad, header.at,
                  fmt::format("The column \"{}\" is missing.", column.name));
        }
    }
}

bool CsvFile::has(std::string_view column) const {
    return std::find(header_.begin(), header_.end(), column) != header_.end();
}

CsvField CsvFile::field(const CsvRecord& record, std::string_view column) const {
    const auto found = std::find(header_.begin(), header_.end(), column);
    if (found == header_.end()) {
        return {{}, record.at};
    }
    return record.fields[static_cast<std::size_t>(found - header_.begin())];
}

void CsvFile::error(Code code, std::size_t offset, std::string detail, std::string value) {
    errors_.push_back(
        {code, Severity::refuse, places_.at(offset), std::move(detail), std::move(value)});
}

std::vector<Finding> CsvFile::errors() const {
    std::vector<Finding> sorted = errors_;
    std::stable_sort(sorted.begin(), sorted.end(), [](const Finding& left, const Finding& right) {
        return left.place.offset < right.place.offset;
    });
    return sorted;
}

}  // namespace labrelay::mapping
