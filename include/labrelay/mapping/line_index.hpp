#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "labrelay/mapping/source_definition.hpp"

namespace labrelay::mapping {

/// Finds the lines of a source that fit a test most closely (closeness()) without asking every
/// line: a hospital's file has hundreds. Keeps positions and no pointers, so it stays right when
/// the source is copied or moved. Immutable; safe to share.
class LineIndex {
public:
    LineIndex() = default;
    explicit LineIndex(const SourceDefinition& source);

    struct Closest {
        std::vector<const ObservationLine*> observations;  ///< equally close, in the file's order
        const IgnoreLine* ignore = nullptr;  ///< set where no observation line is closer
        /// Ignore lines with a condition that are as close, or closer.
        std::vector<const IgnoreLine*> conditional_ignores;
    };
    /// `source` is the one that the index was made of, or a copy.
    Closest find(const SourceDefinition& source, std::string_view code,
                 std::string_view system) const;

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    struct Positions {
        std::vector<std::uint32_t> observations;
        std::vector<std::uint32_t> ignores;
    };
    static Closest closest_of(const SourceDefinition& source, const Positions& positions,
                              std::string_view code, std::string_view system);

    std::unordered_map<std::string, Positions, Hash, std::equal_to<>> whole_codes_;
    Positions prefixes_;
};

}  // namespace labrelay::mapping
