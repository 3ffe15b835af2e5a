#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/hl7/message.hpp"

namespace labrelay::hl7 {

/// The segments among which a path looks: for a message all of them; for one observation those that
/// are bound to it (its PID, ORC, OBR, SPM, SAC, OBX), so that `SPM-2.1` is *its* specimen.
class SegmentScope {
public:
    virtual ~SegmentScope() = default;
    /// The n-th segment of that name in this scope, n from 1.
    virtual std::optional<Segment> find(std::string_view id, std::size_t occurrence) const = 0;
};

/// All segments of a message. Must not outlive it.
class MessageScope final : public SegmentScope {
public:
    explicit MessageScope(const Message& message) : message_(message) {}
    explicit MessageScope(const Message&&) = delete;
    std::optional<Segment> find(std::string_view id, std::size_t occurrence) const override {
        return message_.find(id, occurrence);
    }

private:
    const Message& message_;
};

/// What a path found: the element and the place to name in a finding.
struct PathMatch {
    Element element;
    std::string place;  ///< `PID-3[2].1`
};

/// A compiled place in a message, in HL7's own numbering from 1:
///
///     OBX-5            field (its first repetition where one value is asked for)
///     OBX[2]-5[1].2.3  segment occurrence, repetition, component, sub-component
///     PID-3[4.1=QILU].1   the first repetition whose component 4, sub-component 1 is QILU
///     SPM-17.1 | OBR-7    alternatives: the first that has a value
///
/// Compiled once, then immutable and shared between threads. Grammar: src/hl7/path.md.
class Path {
public:
    /// Codes path-*; `error.place.offset` is the byte in `text`.
    static Result<Path> compile(std::string_view text);

    const std::string& text() const { return text_; }
    /// The first alternative with a value (presence value or explicit null).
    std::optional<PathMatch> find(const SegmentScope& scope) const;
    /// Every repetition that fits, of the first alternative that has any.
    std::vector<PathMatch> find_all(const SegmentScope& scope) const;
    /// The text of find(), "" where there is none.
    std::string value(const SegmentScope& scope) const;

    struct Filter {
        std::size_t component = 1;
        std::size_t subcomponent = 1;
        std::string equals;
    };
    struct Step {
        std::string segment;
        std::size_t occurrence = 1;
        std::size_t field = 1;
        std::optional<std::size_t> repetition;
        std::optional<Filter> filter;
        std::size_t component = 0;     ///< 0: not named
        std::size_t subcomponent = 0;  ///< 0: not named
    };
    const std::vector<Step>& alternatives() const { return alternatives_; }

private:
    std::string text_;
    std::vector<Step> alternatives_;
};

}  // namespace labrelay::hl7
