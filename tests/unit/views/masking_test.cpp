// Identifiers in sentences: those of today's authorities, and of any that there were.

#include "labrelay/views/masking.hpp"

#include <gtest/gtest.h>

namespace labrelay::views {
namespace {

mapping::Configuration of_today() {
    mapping::SourceDefinition source;
    source.id = "lis";
    source.patients.push_back({*hl7::Path::compile("PID-3.1"), "QILU-MRN"});
    source.specimens.push_back({*hl7::Path::compile("OBR-3.1"), "QILU-ACC", {}});
    return mapping::Configuration({source}, {});
}

struct Row {
    const char* text;
    const char* shown;
};

constexpr Row kRows[] = {
    {"QILU-MRN:00481523", "QILU-MRN:••••••••"},
    {"QILU-MRN:0048, QILU-MRN:77", "QILU-MRN:••••, QILU-MRN:••"},
    // An authority that was renamed since names a patient still.
    {"OLD-MRN:00481523", "OLD-MRN:••••••••"},
    {"subject 17: OLD-MRN:0048, QILU-ACC:A77", "subject 17: OLD-MRN:••••, QILU-ACC:A77"},
    // What names specimens is shown, and so is what names nothing.
    {"QILU-ACC:A77", "QILU-ACC:A77"},
    {"study: 5 differences", "study: 5 differences"},
    {"2026-03-10T08:04:00Z", "2026-03-10T08:04:00Z"},
    {"the value at 08:04", "the value at 08:04"},
    {"ends:", "ends:"},
    {"", ""},
};

TEST(Masking, WhatWasAnIdentifierOnceStaysMasked) {
    const mapping::Configuration configuration = of_today();
    for (const Row& row : kRows) {
        EXPECT_EQ(without_identifiers(row.text, configuration), row.shown) << row.text;
    }
}

}  // namespace
}  // namespace labrelay::views
