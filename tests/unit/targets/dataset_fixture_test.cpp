#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "labrelay/core/file.hpp"
#include "labrelay/targets/dataset_csv.hpp"
#include "labrelay/targets/dataset_json.hpp"
#include "labrelay/targets/xpt.hpp"

// The LB data set that CDISC publishes in three forms: what our writers make of its content must be
// its files again.

namespace labrelay::targets {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Type = DatasetColumn::Type;

const fs::path kFixture =
    fs::path(LABRELAY_SOURCE_DIR) / "../shared/cases/schemas/dataset-json-1.1";

constexpr std::size_t kFirstNamestr = 8 * std::size_t{80};

std::string number_text(const Json& value) {
    return value.dump();
}

class DatasetFixture : public testing::Test {
protected:
    void SetUp() override {
        if (!fs::exists(kFixture / "lb.json")) {
            GTEST_SKIP() << "../shared/cases is not here";
        }
        json_ = read_file(kFixture / "lb.json").value();
        ndjson_ = read_file(kFixture / "lb.ndjson").value();
        xpt_ = read_file(kFixture / "lb.xpt").value();
        const Json document = Json::parse(json_);
        read_head(document);
        for (const Json& row : document.at("rows")) {
            rows_.push_back(read_row(row));
        }
    }

    void read_head(const Json& document) {
        const auto text = [&](const char* name) { return document.at(name).get<std::string>(); };
        head_.name = text("name");
        head_.label = text("label");
        head_.created = text("datasetJSONCreationDateTime");
        head_.last_modified = text("dbLastModifiedDateTime");
        head_.file_oid = text("fileOID");
        head_.originator = text("originator");
        head_.system_name = document.at("sourceSystem").at("name").get<std::string>();
        head_.system_version = document.at("sourceSystem").at("version").get<std::string>();
        head_.study_oid = text("studyOID");
        head_.metadata_version_oid = text("metaDataVersionOID");
        head_.metadata_ref = text("metaDataRef");
        head_.item_group_oid = text("itemGroupOID");
        head_.records = document.at("records").get<std::int64_t>();
        for (const Json& json : document.at("columns")) {
            DatasetColumn column;
            column.oid = json.at("itemOID").get<std::string>();
            column.name = json.at("name").get<std::string>();
            column.label = json.at("label").get<std::string>();
            const std::string type = json.at("dataType").get<std::string>();
            column.type = type == "integer" ? Type::integer
                          : type == "float" ? Type::floating
                                            : Type::text;
            if (json.contains("length")) {
                column.length = json.at("length").get<int>();
            }
            if (json.contains("keySequence")) {
                column.key_sequence = json.at("keySequence").get<int>();
            }
            head_.columns.push_back(std::move(column));
        }
    }

    static DatasetRow read_row(const Json& json) {
        DatasetRow row;
        for (const Json& cell : json) {
            row.push_back(cell.is_null()     ? DatasetCell()
                          : cell.is_string() ? DatasetCell(cell.get<std::string>())
                                             : DatasetCell(number_text(cell)));
        }
        return row;
    }

    /// The transport file has a length where the JSON has none.
    DatasetHead head_of_xpt() const {
        DatasetHead head = head_;
        for (std::size_t index = 0; index < head.columns.size(); ++index) {
            const std::size_t at = kFirstNamestr + index * 140 + 4;
            head.columns[index].length = static_cast<unsigned char>(xpt_[at]) * 256 +
                                         static_cast<unsigned char>(xpt_[at + 1]);
        }
        return head;
    }

    /// The row with its numbers as the transport file holds them. One in thirty of them is
    /// a double or two away from the one nearest to the JSON's text: SAS had computed it.
    DatasetRow with_numbers_of_xpt(DatasetRow row, const DatasetHead& head, std::size_t at) const {
        for (std::size_t index = 0; index < row.size(); ++index) {
            const bool text = head.columns[index].type == Type::text;
            if (!text && row[index]) {
                const double theirs = ibm_number(std::string_view(xpt_).substr(at, 8));
                const double nearest = std::stod(*row[index]);
                EXPECT_LE(std::fabs(theirs - nearest), 1e-15 * std::fabs(nearest)) << *row[index];
                row[index] = fmt::format("{}", theirs);
            }
            at += text ? static_cast<std::size_t>(*head.columns[index].length) : 8;
        }
        return row;
    }

    /// Written for this test from the format's description: 56 bits of fraction, base 16.
    static double ibm_number(std::string_view bytes) {
        double value = 0;
        for (std::size_t index = 1; index < 8; ++index) {
            value +=
                std::ldexp(static_cast<unsigned char>(bytes[index]), -8 * static_cast<int>(index));
        }
        const auto first = static_cast<unsigned char>(bytes[0]);
        value = std::ldexp(value, 4 * ((first & 0x7f) - 64));
        return (first & 0x80) != 0 ? -value : value;
    }

    DatasetHead head_;
    std::vector<DatasetRow> rows_;
    std::string json_;
    std::string ndjson_;
    std::string xpt_;
};

TEST_F(DatasetFixture, AsJsonMeansTheSame) {
    std::string text = dataset_json_opening(head_);
    bool first = true;
    for (const DatasetRow& row : rows_) {
        text += dataset_json_row(head_, row, first);
        first = false;
    }
    text += dataset_json_closing();
    ASSERT_EQ(rows_.size(), 3488U);
    EXPECT_TRUE(Json::parse(text) == Json::parse(json_));
}

TEST_F(DatasetFixture, AsNdjsonMeansTheSameLineByLine) {
    std::istringstream theirs(ndjson_);
    std::string line;
    ASSERT_TRUE(std::getline(theirs, line));
    EXPECT_TRUE(Json::parse(dataset_ndjson_opening(head_)) == Json::parse(line));
    for (const DatasetRow& row : rows_) {
        ASSERT_TRUE(std::getline(theirs, line));
        ASSERT_TRUE(Json::parse(dataset_json_row(head_, row, true)) == Json::parse(line)) << line;
    }
    EXPECT_FALSE(std::getline(theirs, line) && !line.empty());
}

// Their file was written on 21 August 2020 at 09:14:29 by SAS 9.4.
TEST_F(DatasetFixture, AsTransportFileIsTheSameByteForByte) {
    const DatasetHead head = head_of_xpt();
    const Instant written{1'598'001'269'000'000};
    Result<std::string> text = xpt_opening(head, {"9.4", "X64_10PR", written, written});
    ASSERT_TRUE(text);
    std::int64_t number = 0;
    for (const DatasetRow& row : rows_) {
        const Result<std::string> bytes =
            xpt_row(head, with_numbers_of_xpt(row, head, text->size()), ++number);
        ASSERT_TRUE(bytes) << bytes.error().place.text;
        *text += *bytes;
    }
    *text += xpt_closing(head);
    ASSERT_EQ(text->size(), xpt_.size());
    const auto differs = std::mismatch(text->begin(), text->end(), xpt_.begin()).first;
    EXPECT_EQ(differs - text->begin(), static_cast<std::ptrdiff_t>(xpt_.size()))
        << "the first byte that differs";
}

TEST(DatasetCsv, QuotesWhatNeedsIt) {
    DatasetHead head;
    head.columns.resize(2);
    head.columns[0].name = "A";
    head.columns[1].name = "B";
    EXPECT_EQ(dataset_csv_opening(head), "A,B\n");
    EXPECT_EQ(dataset_csv_row({"1,5 \"x\"", {}}), "\"1,5 \"\"x\"\"\",\n");
    EXPECT_EQ(dataset_csv_row({{}, "<20"}), ",<20\n");
}

}  // namespace
}  // namespace labrelay::targets
