#pragma once

#include <optional>
#include <string>

#include "labrelay/hl7/message.hpp"
#include "labrelay/mapping/source_definition.hpp"
#include "labrelay/units/reported_value.hpp"
#include "notes.hpp"

namespace labrelay::mapping {

/// What OBX-8 says, in HL7 table 0078, the laboratories' own marks and Roche's result codes.
struct Flags {
    std::string reported;  ///< as sent, repetitions included
    bool low = false;
    bool high = false;
    bool normal = false;
    bool below_scale = false;   ///< `<`: below the instrument's scale
    bool above_scale = false;   ///< `>`
    bool not_detected = false;  ///< ND^^99ROC
    bool below_titre = false;   ///< BT^^99ROC: detected below the lowest titre
    /// What a flag of the source's own says in the place of a value. Two that say different things
    /// say nothing.
    std::optional<units::ReportedValue> own;
    std::size_t repetition = 1;  ///< the one that can stand in for a value

    /// The scale marks beside the source's own flag point elsewhere.
    bool own_says_otherwise(bool below) const {
        using Kind = units::ReportedValue::Kind;
        return own &&
               ((below && own->kind == Kind::above_limit) ||
                (above_scale && own->kind != Kind::above_limit && own->kind != Kind::no_result));
    }

    static Flags read(const hl7::Element& obx8, const units::ReportedWords& words);
};

/// OBX-2, 5 and 8: what was reported, word for word, and what the words say. Codes 118 and 401 to
/// 406, 424.
struct ReadValue {
    std::string reported;
    Flags flags;
    bool has_own = false;  ///< OBX-5 holds something
    bool empty = false;    ///< it holds nothing and the flags do not stand in for it
    std::optional<units::ReportedValue> value;
    std::optional<Spot> spot;  ///< where `value` was read: OBX-5, or what stands in for it
};

/// Reads a value whatever OBX-2 says of it; what is wrong with it is in `notes`. An empty one is no
/// finding here, because only the result's status says whether it may be.
ReadValue read_value(const hl7::Segment& obx, const units::ReportedWords& words, Notes& notes);

/// Whether the words of one observation can be said of the value of another: a number and "not
/// detected" cannot. Nothing, and what cannot be read, contradict nothing.
bool agree(const ReadValue& number, const ReadValue& words);

/// One sentence of what a value says, for the lineage: `OBX[2]-5 says a limit: <20.`
Said describe_value(const ReadValue& read);

}  // namespace labrelay::mapping
