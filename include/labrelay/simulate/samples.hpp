#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "labrelay/core/result.hpp"

namespace labrelay::simulate {

/// What `labrelay simulate` is asked for.
struct Options {
    std::filesystem::path out;  ///< made where it is missing; files of the same names are replaced
    std::uint64_t seed = 5872659;
    std::size_t subjects = 10;  ///< ten play a part each; more are ordinary
};

struct Summary {
    std::size_t messages = 0;  ///< sent, repeats included
    std::size_t files = 0;
    std::size_t observations = 0;  ///< rows of truth.csv that are an OBX
    std::size_t stored = 0;
    std::size_t held = 0;
    std::size_t ignored = 0;
    std::size_t refused = 0;  ///< messages
    std::size_t derived = 0;
};

/// Writes the traffic of three laboratories over the trial's seven visits below `options.out`:
/// `registry/N-subjects.csv`, `registry/N-specimens.csv`, `messages/NNNN-<source>-<what>.hl7`,
/// `plan.csv` (step, kind, file) and `truth.csv`. The truth comes from the model of subjects,
/// values and visits that wrote the messages; no part of the engine is asked. The same options give
/// the same bytes everywhere. Errors: usage (fewer than ten subjects), file-unreadable.
Result<Summary> write_samples(const Options& options);

}  // namespace labrelay::simulate
