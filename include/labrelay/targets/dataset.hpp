#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace labrelay::targets {

/// One variable of a data set.
struct DatasetColumn {
    enum class Type : std::uint8_t {
        text,
        integer,
        decimal,   ///< keeps its digits: text in JSON, a rounded double in a transport file
        floating,  ///< a number in JSON too
    };
    std::string oid;
    std::string name;
    std::string label;
    Type type = Type::text;
    std::optional<int> length;  ///< bytes of the longest text; a transport file needs it
    std::optional<int> key_sequence;
};

/// What the formats say of a data set before its rows. Times are ISO 8601 without fractions, the
/// later one not after the creation.
struct DatasetHead {
    std::string name;  ///< LB
    std::string label;
    std::string created;
    std::string last_modified;
    std::string file_oid;
    std::string originator;
    std::string system_name;
    std::string system_version;
    std::string study_oid;
    std::string metadata_version_oid;
    std::string metadata_ref;  ///< may be empty
    std::string item_group_oid;
    std::int64_t records = 0;
    std::vector<DatasetColumn> columns;
};

/// Nothing: missing. A number is the text of a decimal, as Decimal prints it.
using DatasetCell = std::optional<std::string>;
/// In the order of the columns and as many.
using DatasetRow = std::vector<DatasetCell>;

}  // namespace labrelay::targets
