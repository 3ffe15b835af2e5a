#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "labrelay/targets/lab_row.hpp"
#include "labrelay/targets/redcap_project.hpp"
#include "redcap_maps.hpp"

namespace labrelay::targets {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RedcapProject a_project() {
    const study::RedcapMap map = labrelay::testing::a_redcap_map();
    RedcapProject project;
    project.longitudinal = true;
    project.record_field = "study_no";
    for (const study::RedcapResult& result : map.results) {
        project.forms.insert(result.instrument);
        for (const study::RedcapField& field : result.fields) {
            project.fields[field.name] = {result.instrument, "text", "", {}};
        }
        for (const study::RedcapEvent& event : map.events) {
            project.events.insert(event.name);
            project.designated.insert({event.name, result.instrument});
            if (result.repeats) {
                project.repeating.insert({event.name, result.instrument});
            }
        }
    }
    project.fields["lr_value"].validation = "number";
    project.fields["lr_drawn"].validation = "datetime_seconds_ymd";
    project.fields["lr_state"] = {"lab_results", "dropdown", "", {"1", "2", "3", "9"}};
    return project;
}

struct Misfit {
    std::function<void(RedcapProject&)> change;
    RedcapMapFinding finding;
};

const std::vector<Misfit>& misfits() {
    static const std::vector<Misfit> all{
        {[](auto& p) { p.fields.erase("lr_value"); }, {"field lr_value", "is not in the project"}},
        {[](auto& p) { p.fields["lr_value"].form = "other"; },
         {"field lr_value", "stands on the instrument other, not on lab_results"}},
        {[](auto& p) { p.fields["lr_value"].type = "calc"; },
         {"field lr_value", "is of the type calc, which cannot be imported"}},
        {[](auto& p) { p.fields["lr_text"].validation = "number"; },
         {"field lr_text", "takes numbers only, and value_text is not always one"}},
        {[](auto& p) { p.fields["lr_comparator"].validation = "integer"; },
         {"field lr_comparator", "takes numbers only, and comparator is not always one"}},
        {[](auto& p) { p.fields["lr_value"].validation = "integer"; },
         {"field lr_value", "takes whole numbers only, and value_num has decimals"}},
        {[](auto& p) { p.fields["lr_analyte"].validation = "date_ymd"; },
         {"field lr_analyte", "takes dates only, and analyte is none"}},
        {[](auto& p) { p.fields["lr_text"].validation = "email"; },
         {"field lr_text", "has the validation email, which value_text does not always meet"}},
        {[](auto& p) { p.fields["lr_state"].choices.erase("9"); },
         {"field lr_state", "has no choice 9, which the map uses for withdrawn"}},
        {[](auto& p) {
             p.fields["lr_analyte"] = {"lab_results", "radio", "", {"1"}};
         },
         {"field lr_analyte",
          "takes choices, and the map does not say which code stands for which analyte"}},
        {[](auto& p) { p.events.erase("m3_arm_1"); }, {"event m3_arm_1", "is not in the project"}},
        {[](auto& p) {
             p.designated.erase({"m3_arm_1", "safety"});
         },
         {"instrument safety", "is not designated for the event m3_arm_1"}},
        {[](auto& p) {
             p.repeating.erase({"m3_arm_1", "lab_results"});
         },
         {"instrument lab_results",
          "does not repeat in the event m3_arm_1, and the map says otherwise"}},
        {[](auto& p) {
             p.repeating.insert({"m3_arm_1", "safety"});
         },
         {"instrument safety", "repeats in the event m3_arm_1, and the map says otherwise"}},
        {[](auto& p) { p.doubled = true; },
         {"project", "is in double data entry mode: its records are not the subjects'"}},
        {[](auto& p) { p.longitudinal = false; },
         {"project", "is not longitudinal, and the map says that it is"}},
    };
    return all;
}

TEST(RedcapCheck, AMapThatFitsHasNoFindings) {
    EXPECT_THAT(check_redcap_map(labrelay::testing::a_redcap_map(), a_project()), IsEmpty());
}

TEST(RedcapCheck, EachMisfitIsNamedAlone) {
    for (const Misfit& misfit : misfits()) {
        RedcapProject project = a_project();
        misfit.change(project);
        EXPECT_THAT(check_redcap_map(labrelay::testing::a_redcap_map(), project),
                    ElementsAre(misfit.finding));
    }
}

TEST(RedcapCheck, SeveralMisfitsAreNamedAtOnce) {
    RedcapProject project = a_project();
    project.fields.erase("lr_text");
    project.fields.erase("k_value");
    EXPECT_EQ(check_redcap_map(labrelay::testing::a_redcap_map(), project).size(), 2U);
}

TEST(RedcapCheck, WhatAMapMayNameIsAColumnOfTheStudyDatabase) {
    for (const std::string_view name : study::kRedcapColumns) {
        EXPECT_TRUE(std::any_of(lab_columns().begin(), lab_columns().end(),
                                [&](const LabColumn& column) { return column.name == name; }))
            << name;
    }
}

TEST(RedcapProject, IsReadFromTheAnswersOfTheApi) {
    RedcapProjectAnswers answers;
    answers.project = R"({"is_longitudinal":1})";
    answers.metadata = R"([{"field_name":"study_no","form_name":"enrolment","field_type":"text"},)"
                       R"({"field_name":"sex","form_name":"enrolment","field_type":"radio",)"
                       R"("select_choices_or_calculations":"1, Male | 2 , Female, or so"}])";
    answers.events = R"([{"unique_event_name":"m3_arm_1"}])";
    answers.designations = R"([{"unique_event_name":"m3_arm_1","form":"enrolment"}])";
    answers.repeating = R"([{"event_name":"m3_arm_1","form_name":null}])";
    answers.records = R"([{"study_no":"S-004--1"}])";
    const auto project = read_redcap_project(answers);
    ASSERT_TRUE(project) << describe(project.error());
    EXPECT_EQ(project->record_field, "study_no");
    EXPECT_THAT(project->fields.at("sex").choices, ElementsAre("1", "2"));
    EXPECT_TRUE(project->repeating.contains({"m3_arm_1", ""})) << "a repeating event";
    EXPECT_TRUE(project->doubled);

    answers.metadata = R"([{"field_name":"study_)";
    const auto cut = read_redcap_project(answers);
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, Code::target_answer_bad);
    EXPECT_EQ(cut.error().place.text, "metadata");
}

}  // namespace
}  // namespace labrelay::targets
