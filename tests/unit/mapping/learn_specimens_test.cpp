#include <gtest/gtest.h>

#include "message_builder.hpp"
#include "shipped_mapping.hpp"

namespace labrelay::mapping {
namespace {

using study::LearnedSpecimen;
using test::a_hospital_message;
using test::MessageBuilder;

std::vector<LearnedSpecimen> learned(const MessageBuilder& message) {
    return pipeline::process(message.text(), test::an_arrival(), test::shipped_configuration(),
                             test::a_registry())
        .learned;
}

TEST(LearnSpecimens, FromAResultThatNamesPatientAndSpecimen) {
    const auto lessons = learned(a_hospital_message());
    ASSERT_EQ(lessons.size(), 1U);
    const study::RegisteredSpecimen& specimen = lessons[0].specimen;
    EXPECT_EQ(specimen.name, (study::SpecimenName{"QILU-ACC", "A240422051"}));
    EXPECT_EQ(specimen.patient, (study::Identifier{"QILU-MRN", "00481523"}));
    EXPECT_EQ(specimen.subject_no, "");
    EXPECT_EQ(specimen.visit, "");
    ASSERT_TRUE(specimen.collected_at.has_value());
    EXPECT_EQ(specimen.collected_at->text, "202404220805");
    // Its zone goes with it.
    EXPECT_EQ(specimen.collected_at->offset, std::chrono::minutes{480});
    EXPECT_EQ(lessons[0].place.text, "OBR");
}

TEST(LearnSpecimens, FromAnOrderWithoutAResult) {
    const auto lessons =
        learned(a_hospital_message().add("OBR|2|P3|A240422099|HIV^^L|||202404220805"));
    ASSERT_EQ(lessons.size(), 2U);
    EXPECT_EQ(lessons[1].specimen.name.specimen, "A240422099");
    EXPECT_EQ(lessons[1].place.text, "OBR[2]");
}

TEST(LearnSpecimens, OnceAName) {
    EXPECT_EQ(
        learned(a_hospital_message()
                    .add("OBR|2|P3|A240422051|CBC^^L|||202404220805|||||||||||||||202404221450|||F")
                    .add("OBX|1|NM|WBC^^L||5.1|×10^9/L|||||F"))
            .size(),
        1U);
}

TEST(LearnSpecimens, AlsoWhereTheResultIsHeldForItsValue) {
    EXPECT_EQ(learned(a_hospital_message().with("OBX-6", "bushel")).size(), 1U);
}

TEST(LearnSpecimens, TheTimeOfOneThatWasRegisteredWithout) {
    const auto lessons = learned(a_hospital_message().with("OBR-3", "A240422047"));
    ASSERT_EQ(lessons.size(), 1U);
    EXPECT_EQ(lessons[0].specimen.subject_no, "S-004");
    EXPECT_EQ(lessons[0].specimen.collected_at->text, "202404220805");
}

TEST(LearnSpecimens, NothingInDoubtOrAlreadyKnown) {
    const MessageBuilder messages[] = {
        a_hospital_message().with("PID-3", "00999999^^^QILU^MR"),
        a_hospital_message().with("PID-7", "19780313"),
        a_hospital_message().with("PID-8", "男"),
        a_hospital_message().with("OBR-3", "A240422044"),  // known with its time
        a_hospital_message().with("OBR-3", "A240422053"),  // another subject's
        a_hospital_message().with("OBR-3", ""),
        test::a_flow_message(),  // this source does not teach
    };
    for (const MessageBuilder& message : messages) {
        EXPECT_TRUE(learned(message).empty()) << message.text();
    }
}

}  // namespace
}  // namespace labrelay::mapping
