#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/text_places.hpp"

namespace labrelay::mapping {

struct CsvField {
    std::string text;    ///< outer blanks removed where it was not quoted
    std::size_t at = 0;  ///< byte of its first character in the file
};

struct CsvRecord {
    std::vector<CsvField> fields;
    std::size_t at = 0;
};

/// What a column is called and whether a file may lack it.
struct CsvColumn {
    std::string_view name;
    bool required = false;
};

/// Reads RFC 4180 (comma, optional quotes, CRLF or LF, a byte-order mark is skipped) under a header
/// line. Blank lines are skipped. What is wrong stands in errors(), and reading goes on at the next
/// line.
class CsvFile {
public:
    CsvFile(std::string name, std::string bytes, const std::vector<CsvColumn>& columns);

    const std::vector<CsvRecord>& records() const { return records_; }  ///< without the header
    /// The record's field of that column; an empty one where the file has no such column.
    CsvField field(const CsvRecord& record, std::string_view column) const;
    bool has(std::string_view column) const;

    Place place(std::size_t offset) const { return places_.at(offset); }
    void error(Code code, std::size_t offset, std::string detail, std::string value = {});
    /// In the order of the file.
    std::vector<Finding> errors() const;

private:
    CsvRecord read_record(std::size_t& at);
    CsvField read_field(std::size_t& at);
    CsvField read_quoted(std::size_t& at);
    void read_header(const CsvRecord& header, const std::vector<CsvColumn>& columns);

    TextPlaces places_;
    std::vector<std::string> header_;
    std::vector<CsvRecord> records_;
    std::vector<Finding> errors_;
};

}  // namespace labrelay::mapping
