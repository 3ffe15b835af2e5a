#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/finding.hpp"
#include "labrelay/core/sentences.hpp"
#include "labrelay/hl7/message.hpp"
#include "labrelay/hl7/path.hpp"
#include "labrelay/mapping/apply.hpp"
#include "labrelay/study/proposal.hpp"

namespace labrelay::mapping {

/// What the steps of the mapping say about one observation, or about the order that several share:
/// findings and lineage, in the order of application. The first finding that holds is the
/// observation's rule.
class Notes {
public:
    explicit Notes(Lineage lineage) : lineage_(lineage) {}

    /// `says()` and `read()`, the places in the message, are called only where a lineage is wanted.
    template <class Says, class Read>
    void step(std::string_view rule, const Says& says, const Read& read) {
        if (lineage_ == Lineage::written) {
            steps_.push_back({std::string(rule), says(), read()});
        }
    }
    /// A step that read nothing of the message.
    template <class Says>
    void step(std::string_view rule, const Says& says) {
        step(rule, says, [] { return std::vector<Place>(); });
    }
    void hold(Code code, Place place, std::string detail = {}, std::string value = {}) {
        add(code, Severity::hold, std::move(place), std::move(detail), std::move(value));
    }
    void warn(Code code, Place place, std::string detail = {}, std::string value = {}) {
        add(code, Severity::warning, std::move(place), std::move(detail), std::move(value));
    }
    void note(Code code, Place place) { add(code, Severity::note, std::move(place), {}, {}); }
    /// A finding whose severity is not the rule's own but a study's.
    void find(Code code, Severity severity, Place place, std::string detail = {},
              std::string value = {}) {
        add(code, severity, std::move(place), std::move(detail), std::move(value));
    }
    void append(const Notes& other) {
        findings_.insert(findings_.end(), other.findings_.begin(), other.findings_.end());
        steps_.insert(steps_.end(), other.steps_.begin(), other.steps_.end());
    }

    /// Code::none where nothing holds.
    Code first_hold() const {
        for (const Finding& finding : findings_) {
            if (finding.severity == Severity::hold) {
                return finding.code;
            }
        }
        return Code::none;
    }
    bool holds() const { return first_hold() != Code::none; }
    std::vector<Finding>& findings() { return findings_; }
    std::vector<study::LineageStep>& steps() { return steps_; }

private:
    void add(Code code, Severity severity, Place place, std::string detail, std::string value) {
        findings_.push_back(
            {code, severity, std::move(place), std::move(detail), std::move(value)});
    }

    Lineage lineage_;
    std::vector<Finding> findings_;
    std::vector<study::LineageStep> steps_;
};

/// Something that was read of a message: a component; with component 0 a repetition as a whole,
/// with repetition 0 the field as a whole.
struct Spot {
    hl7::Segment segment;
    std::size_t field = 1;
    std::size_t component = 1;
    std::size_t repetition = 1;
    bool with_parts = false;  ///< the component with all of its sub-components
};
/// `OBX[2]-6.1`, `SPM-2.1.1` where only the first sub-component was read, `OBX-5[2]` for a
/// repetition, `OBX-7` for a field; no offset where it holds nothing.
Place place_of(const Spot& spot);
/// What a path found, down to the leaf that its text is.
Place place_of_leaf(const hl7::PathMatch& match);

/// `OBX[2]-6`, with the field's byte offset.
Place place_of(const hl7::Segment& segment, std::size_t field);
/// Where a path looks first, for what is missing there: `PID-3`.
Place place_of(const hl7::Path& path);
/// A segment's name with its byte offset.
Place place_of(const hl7::Segment& segment);

/// Without blanks at both ends: senders pad fields, and a blank is never part of a name.
std::string_view trimmed(std::string_view text);
std::string trimmed_text(const hl7::Element& element);
/// OBX-4. Where it has several parts (`SPC&Ct`) all of them, as sent.
std::string sub_id_of(const hl7::Segment& obx);

}  // namespace labrelay::mapping
