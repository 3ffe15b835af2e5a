#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "labrelay/mapping/configuration.hpp"

namespace labrelay::mapping {

/// A configuration of one source and one study that has no errors; tests change one thing of it.
class SmallConfiguration {
public:
    SmallConfiguration() : files_{{"analytes.xml", kAnalytes}, {"lab", ""}, {"study", ""}} {
        files_[1] = {"sources/lab.xml", kSource};
        files_[2] = {"S1/study.xml", kStudy};
    }

    /// Replaces the first `from` of the file by `to`.
    SmallConfiguration& replace(std::string_view file, std::string_view from, std::string_view to) {
        std::string& bytes = bytes_of(file);
        const std::size_t at = bytes.find(from);
        EXPECT_NE(at, std::string::npos) << file << " holds no " << from;
        if (at != std::string::npos) {
            bytes.replace(at, from.size(), to);
        }
        return *this;
    }
    SmallConfiguration& add(std::string name, std::string bytes) {
        files_.push_back({std::move(name), std::move(bytes)});
        return *this;
    }
    SmallConfiguration& remove(std::string_view name) {
        std::erase_if(files_, [&](const ConfigurationFile& file) { return file.name == name; });
        return *this;
    }
    std::string& bytes_of(std::string_view name) {
        for (ConfigurationFile& file : files_) {
            if (file.name == name) {
                return file.bytes;
            }
        }
        throw std::invalid_argument("no such file");
    }
    const std::vector<ConfigurationFile>& files() const { return files_; }
    Loaded load() const { return load_configuration(files_); }

private:
    static constexpr const char* kAnalytes = R"(<analytes>
  <units id="cells">
    <unit spelling="cells/uL | /mm3" factor="1"/>
    <unit spelling="10*9/L" factor="1000"/>
  </units>
  <analyte key="CD4A" name="CD4" testcd="CP:TLYH" unit="/uL" units="cells" loinc="24467-3"
           aliases="CD4 | CD4#">
    <plausible low="0" high="5000"/>
    <reference sex="M" low="313" high="1361"/>
    <reference sex="F" low="399" high="1489"/>
  </analyte>
  <analyte key="CD4P" name="CD4 %" unit="%" loinc="8123-2" aliases="CD4 | CD4%"/>
  <analyte key="UREA" name="Urea" unit="mmol/L" loinc="14937-7 3094-0">
    <critical high="37.1"/>
    <unit spelling="mg/dL{BUN}" factor="0.357"/>
    <unit spelling="mg/dL" kind="ambiguous"/>
  </analyte>
  <analyte key="RPR" name="Reagin">
    <unit spelling="S/CO" kind="not-a-quantity"/>
  </analyte>
</analytes>
)";
    static constexpr const char* kSource =
        R"(<source id="lab" version="1" zone="Asia/Shanghai" mode="live" laboratory="LAB">
  <approval by="A. Person" on="2026-01-02"/>
  <recognise application="LAB"/>
  <patient from="PID-3[4.1=QILU].1" authority="MRN"/>
  <specimen from="SPM-2.1 | OBR-3.1" authority="ACC"/>
  <collected from="OBR-7"/>
  <sex from="PID-8"><word text="M" means="M"/></sex>
  <values><word text="none" kind="not_detected"/></values>
  <observation code="CD4" system="99" analyte="CD4A" when-unit="cells/uL"/>
  <observation code="CD4" system="99" analyte="CD4P" when-unit="%"/>
  <observation code="UREA" system="99" analyte="UREA"/>
  <ignore code="QC*" because="control"/>
</source>
)";
    static constexpr const char* kStudy = R"(<study id="S1" name="First study">
  <site id="QILU" zone="Asia/Shanghai"/>
  <accept source="lab"/>
  <authority name="MRN"/>
  <panel id="subsets" name="CD4" analytes="CD4A CD4P"/>
  <panel id="chemistry" name="Chemistry" analytes="UREA"/>
  <visit id="M0" name="Dose" anchor="first-infusion" target="0" from="-3" until="0" before="first" panels="subsets"/>
  <visit id="M1" name="Month 1" anchor="first-infusion" target="30" from="23" until="37" panels="subsets chemistry"/>
  <withdrawal keep-reported-after="yes"/>
  <screen-failure forward="no"/>
</study>
)";
    std::vector<ConfigurationFile> files_;
};

}  // namespace labrelay::mapping
