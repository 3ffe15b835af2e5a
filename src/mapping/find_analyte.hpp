#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "labrelay/hl7/message.hpp"
#include "labrelay/mapping/line_index.hpp"
#include "labrelay/mapping/source_definition.hpp"
#include "notes.hpp"
#include "read_unit.hpp"

namespace labrelay::mapping {

/// One of the two names that OBX-3 can give a test.
struct TestName {
    std::string code;
    std::string text;
    std::string system;
};

/// OBX-3: components 1 to 3 and 4 to 6, usually a local code and LOINC, in either order.
struct TestNames {
    TestName first;
    TestName second;

    static TestNames read(const hl7::Element& obx3);
    bool blank() const { return first.code.empty() && second.code.empty(); }
    /// What the laboratory calls the test: the first name that has a code.
    const TestName& own() const { return first.code.empty() ? second : first; }
};

/// The lines of a source that are for a test: asked once, used for every question about it.
struct TestLines {
    LineIndex::Closest first;
    LineIndex::Closest second;

    static TestLines find(const SourceDefinition& source, const LineIndex& index,
                          const TestNames& names);
    /// The line that says that the test is not for a study, or not where OBX-2 and OBX-4 say so.
    const IgnoreLine* ignore(std::string_view type, std::string_view sub_id) const;
    bool mapped() const { return !first.observations.empty() || !second.observations.empty(); }
};

/// What tells lines for one test apart.
struct LineQuestion {
    const ReportedUnit& unit;
    std::string_view sub_id;
    std::optional<LocalDay> collected;
};

struct LineAnswer {
    const ObservationLine* line = nullptr;
    Code problem = Code::none;  ///< unknown-code, ambiguous-code, unknown-unit, missing-unit
    bool by_second = false;     ///< the second name of OBX-3 decided
};

/// The one line that fits. Both names of the test are asked; where both are mapped they must mean
/// the same analyte.
LineAnswer find_line(const TestLines& lines, const LineQuestion& question);

}  // namespace labrelay::mapping
