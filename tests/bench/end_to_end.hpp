#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "labrelay/mapping/configuration.hpp"

namespace labrelay::bench {

/// One run of the whole server in this process: clients over MLLP on the loopback, each waits for
/// its answer before it sends the next message.
struct EndToEndSettings {
    std::filesystem::path directory;  ///< made anew
    std::string subjects_csv;
    std::size_t nodes = 1;  ///< servers that share the store, each with its part of the connections
    std::uint8_t lanes = 2;  ///< committers of each server, on PostgreSQL
    std::size_t connections = 1;
    bool target_paused = false;
    std::string store_url;   ///< PostgreSQL; empty: SQLite in the directory
    std::string target_url;  ///< the same of the study database
    std::chrono::milliseconds duration{3000};
};

struct EndToEndRun {
    std::size_t messages = 0;
    std::size_t batches = 0;
    double seconds = 0;
    double p50_ms = 0;
    double p99_ms = 0;
    double cpu_cores = 0;       ///< of the whole process, its clients included
    std::size_t forwarded = 0;  ///< results in the study database when the last answer came
    std::size_t reprocessed = 0;

    double messages_per_second() const { return static_cast<double>(messages) / seconds; }
    /// Sizes whose mean is that of the run's batches.
    std::vector<std::size_t> batch_sizes() const;
};

/// Ends at the duration or with the last of `messages`. Throws where the server does not start or
/// where an answer is not AA.
EndToEndRun run_end_to_end(const EndToEndSettings& settings,
                           std::shared_ptr<const mapping::Configuration> configuration,
                           std::span<const std::string> messages);

}  // namespace labrelay::bench
