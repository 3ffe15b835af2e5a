#include "labrelay/targets/dataset_json.hpp"

#include <nlohmann/json.hpp>

namespace labrelay::targets {
namespace {

using Json = nlohmann::ordered_json;
using Type = DatasetColumn::Type;

Json json_of(const DatasetColumn& column) {
    Json json{{"itemOID", column.oid}, {"name", column.name}, {"label", column.label}};
    switch (column.type) {
        case Type::text:
            json["dataType"] = "string";
            break;
        case Type::integer:
            json["dataType"] = "integer";
            break;
        case Type::decimal:
            json["dataType"] = "decimal";
            json["targetDataType"] = "decimal";
            break;
        case Type::floating:
            json["dataType"] = "float";
            break;
    }
    if (column.length) {
        json["length"] = *column.length;
    }
    if (column.key_sequence) {
        json["keySequence"] = *column.key_sequence;
    }
    return json;
}

/// In the order of the standard's example files.
Json json_of(const DatasetHead& head) {
    Json json{{"datasetJSONCreationDateTime", head.created},
              {"datasetJSONVersion", "1.1.0"},
              {"fileOID", head.file_oid},
              {"dbLastModifiedDateTime", head.last_modified},
              {"originator", head.originator},
              {"sourceSystem", {{"name", head.system_name}, {"version", head.system_version}}},
              {"studyOID", head.study_oid},
              {"metaDataVersionOID", head.metadata_version_oid}};
    if (!head.metadata_ref.empty()) {
        json["metaDataRef"] = head.metadata_ref;
    }
    json["itemGroupOID"] = head.item_group_oid;
    json["records"] = head.records;
    json["name"] = head.name;
    json["label"] = head.label;
    Json columns = Json::array();
    for (const DatasetColumn& column : head.columns) {
        columns.push_back(json_of(column));
    }
    json["columns"] = std::move(columns);
    return json;
}

}  // namespace

std::string dataset_json_opening(const DatasetHead& head) {
    std::string text = json_of(head).dump();
    text.pop_back();  // the rows follow inside the object
    return text + ",\"rows\":[";
}

std::string dataset_json_row(const DatasetHead& head, const DatasetRow& row, bool first) {
    std::string text = first ? "[" : ",\n[";
    for (std::size_t index = 0; index < row.size(); ++index) {
        text += index == 0 ? "" : ",";
        const DatasetCell& cell = row[index];
        const Type type = head.columns.at(index).type;
        if (!cell) {
            text += "null";
        } else if (type == Type::integer || type == Type::floating) {
            text += *cell;
        } else {
            text += Json(*cell).dump();
        }
    }
    return text + "]";
}

std::string dataset_json_closing() {
    return "]}\n";
}

std::string dataset_ndjson_opening(const DatasetHead& head) {
    return json_of(head).dump() + "\n";
}

}  // namespace labrelay::targets
