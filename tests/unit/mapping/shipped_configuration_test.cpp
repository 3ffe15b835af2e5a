#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "labrelay/mapping/configuration.hpp"
#include "labrelay/mapping/registry_files.hpp"

namespace labrelay::mapping {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
}

class ShippedConfiguration : public testing::Test {
protected:
    void SetUp() override {
        const Loaded loaded =
            load_configuration(std::filesystem::path(LABRELAY_SOURCE_DIR) / "mappings");
        for (const Finding& error : loaded.errors) {
            ADD_FAILURE() << describe(error);
        }
        for (const Finding& warning : loaded.warnings) {
            ADD_FAILURE() << describe(warning);
        }
        ASSERT_NE(loaded.configuration, nullptr);
        configuration = loaded.configuration;
    }

    const study::Analyte& analyte(std::string_view key) const {
        for (const study::Analyte& one : configuration->rules().analytes) {
            if (one.key == key) {
                return one;
            }
        }
        throw std::invalid_argument("no such analyte");
    }

    std::vector<const ObservationLine*> lines(std::string_view source,
                                              std::string_view code) const {
        std::vector<const ObservationLine*> found;
        for (const ObservationLine& line : configuration->source(source)->observations) {
            if (line.code == code) {
                found.push_back(&line);
            }
        }
        return found;
    }

    std::shared_ptr<const Configuration> configuration;
};

TEST_F(ShippedConfiguration, HoldsTheWholeCatalogue) {
    EXPECT_EQ(configuration->rules().analytes.size(), 73U);
    EXPECT_EQ(analyte("CD4A").reference(study::Sex::male).low, *Decimal::parse("313"));
    EXPECT_EQ(analyte("CD4A").reference(study::Sex::female).high, *Decimal::parse("1489"));
    EXPECT_EQ(analyte("WBC").critical.low, *Decimal::parse("2.0"));
    EXPECT_EQ(analyte("TBIL").molar_mass, *Decimal::parse("584.66"));
    EXPECT_EQ(analyte("HIVVL").units.find("10*-1.{copies}/mL")->factor, *Decimal::parse("0.1"));
    EXPECT_EQ(analyte("HGB").units.find("G/L")->factor, *Decimal::parse("1"));
    EXPECT_EQ(analyte("WBC").units.find("K/uL")->factor, *Decimal::parse("1"));
    EXPECT_EQ(analyte("CD4A").units.find("K/uL")->factor, *Decimal::parse("1000"));
    EXPECT_EQ(analyte("UREA").units.find("mg/dL")->kind, units::UnitRule::Kind::ambiguous);
    EXPECT_EQ(analyte("HBVDNA").units.find("copies/mL")->kind, units::UnitRule::Kind::needs_assay);
}

// Seven visits with the windows of the trial.
TEST_F(ShippedConfiguration, HasTheVisitsOfTheTrial) {
    using study::Anchor;
    using study::Infusion;
    const auto& studies = configuration->rules().studies;
    ASSERT_EQ(studies.size(), 1U);
    EXPECT_EQ(studies[0].id, "NCT05872659");
    using Row = std::tuple<std::string, Anchor, int, int, int, Infusion, std::size_t>;
    const std::vector<Row> expected = {
        {"SCR", Anchor::screening, 0, 0, 28, Infusion::none, 8},
        {"M0", Anchor::first_infusion, 0, -3, 0, Infusion::first, 5},
        {"M1", Anchor::first_infusion, 30, 23, 37, Infusion::second, 5},
        {"M2", Anchor::first_infusion, 61, 54, 68, Infusion::third, 5},
        {"M3", Anchor::first_infusion, 91, 77, 105, Infusion::none, 4},
        {"M6", Anchor::first_infusion, 183, 162, 204, Infusion::none, 4},
        {"M12", Anchor::first_infusion, 365, 335, 395, Infusion::none, 4},
    };
    std::vector<Row> visits;
    for (const study::Visit& visit : studies[0].visits) {
        visits.emplace_back(visit.id, visit.anchor, visit.target, visit.from, visit.until,
                            visit.before, visit.panels.size());
    }
    EXPECT_EQ(visits, expected);
    EXPECT_FALSE(studies[0].forward_screen_failures);
    EXPECT_TRUE(studies[0].keep_reported_after_withdrawal);
    std::size_t analytes = 0;
    for (const study::Panel& panel : studies[0].panels) {
        analytes += panel.analytes.size();
    }
    EXPECT_EQ(analytes, 73U);  // every analyte of the catalogue has its panel
}

TEST_F(ShippedConfiguration, TellsCountAndPercentOfTheFlowCytometerApart) {
    const auto cd4 = lines("facs-lyric", "CD3+CD4+");
    ASSERT_EQ(cd4.size(), 2U);
    EXPECT_EQ(cd4[0]->analyte, "CD4A");
    EXPECT_EQ(cd4[0]->when_units, (std::vector<std::string>{"cells/uL", "/uL"}));
    EXPECT_EQ(cd4[1]->analyte, "CD4P");
    const auto ratio = lines("facs-lyric", "4/8 Ratio");
    ASSERT_EQ(ratio.size(), 1U);
    EXPECT_EQ(ratio[0]->assume_unit, "1");
}

TEST_F(ShippedConfiguration, KnowsTheLimitsOfThePcrAssay) {
    const auto copies = lines("cobas-5800", "HIV1");
    ASSERT_EQ(copies.size(), 1U);
    EXPECT_EQ(copies[0]->lloq, *Decimal::parse("20"));
    EXPECT_EQ(copies[0]->uloq, *Decimal::parse("10000000"));
    const SourceDefinition& cobas = *configuration->source("cobas-5800");
    EXPECT_TRUE(cobas.patients.empty());
    ASSERT_TRUE(cobas.collected_after_registry);
    EXPECT_EQ(cobas.collected_after_registry->text(), "OBR-7");
}

TEST_F(ShippedConfiguration, ReadsTheHospitalsWordsAndCodes) {
    const SourceDefinition& lis = *configuration->source("lis-qilu");
    EXPECT_EQ(lis.charset, hl7::Charset::gb_18030);
    EXPECT_EQ(lis.unknown_patient, UnknownPatient::ignore);
    EXPECT_TRUE(lis.teaches_specimens);
    const auto by_loinc = lines("lis-qilu", "6690-2");
    ASSERT_EQ(by_loinc.size(), 1U);
    EXPECT_EQ(by_loinc[0]->analyte, "WBC");
    EXPECT_EQ(by_loinc[0]->system, "LN");
    for (const char* spelling : {"×10^9/L", "10^9/L"}) {
        EXPECT_EQ(by_loinc[0]->units.find(spelling)->factor, *Decimal::parse("1")) << spelling;
    }
    EXPECT_EQ(lines("lis-qilu", "CREA")[0]->units.find("mg%")->factor, *Decimal::parse("88.42"));
}

TEST_F(ShippedConfiguration, ReadsTheRegistryOfTheCases) {
    const auto read = [](const std::string& name) {
        return bytes_of(fs::path(LABRELAY_SOURCE_DIR) / "mappings/NCT05872659/cases" / name);
    };
    const SubjectsFile subjects =
        read_subjects(read("subjects.csv"), "subjects.csv", *configuration);
    const SpecimensFile specimens =
        read_specimens(read("specimens.csv"), "specimens.csv", *configuration);
    for (const auto* errors : {&subjects.errors, &specimens.errors}) {
        for (const Finding& error : *errors) {
            ADD_FAILURE() << describe(error);
        }
    }
    EXPECT_FALSE(subjects.rows.empty());
    EXPECT_FALSE(specimens.rows.empty());
}

// The manual shows what really stands in the files.
TEST_F(ShippedConfiguration, IsWhatTheManualShows) {
    std::string shipped;
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(LABRELAY_SOURCE_DIR) / "mappings")) {
        if (entry.path().extension() == ".xml") {
            shipped += bytes_of(entry.path());
        }
    }
    std::istringstream manual(bytes_of(fs::path(LABRELAY_SOURCE_DIR) / "docs/mapping.md"));
    std::size_t compared = 0;
    bool inside = false;
    for (std::string line; std::getline(manual, line);) {
        if (line.starts_with("```")) {
            inside = line == "```xml";
        } else if (inside) {
            EXPECT_NE(shipped.find(line + "\n"), std::string::npos) << line;
            ++compared;
        }
    }
    EXPECT_GT(compared, 40U);
}

TEST_F(ShippedConfiguration, IsLiveByApproval) {
    for (const SourceDefinition& source : configuration->sources()) {
        EXPECT_EQ(source.mode, SourceMode::live) << source.id;
        EXPECT_FALSE(source.approved_by.empty()) << source.id;
        EXPECT_TRUE(configuration->rules().studies[0].accepts_source(source.id)) << source.id;
    }
}

}  // namespace
}  // namespace labrelay::mapping
