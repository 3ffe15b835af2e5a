#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/transport/message_sink.hpp"

namespace labrelay::transport {

struct FolderSettings {
    std::string name;            ///< for log and metrics
    std::filesystem::path path;  ///< files are put here; `working`, `done`, `failed` are made in it
    /// `.ok`: a file is taken when one of the same name with this ending stands beside it, which
    /// is removed then. Empty: when size and time of change have stood still for `settle`.
    std::string ready_suffix;
    std::chrono::milliseconds settle{2'000};
    std::chrono::milliseconds poll{1'000};  ///< between two looks where nothing tells of a change
    std::size_t max_file_bytes = std::size_t{64} << 20U;
};

struct FolderCounters {
    std::uint64_t done = 0;
    std::uint64_t failed = 0;    ///< an answer that is not positive, or a file that is none
    std::uint64_t again = 0;     ///< left in `working` because the store was away
    std::uint64_t messages = 0;  ///< given to the sink
};

/// What a file holds: its MLLP frames where it begins with one; its messages where it holds several
/// without an envelope; else the whole, which a batch is too.
struct FileContents {
    std::vector<std::string> messages;
    std::vector<std::string> truncated;  ///< frames without an end: evidence, never processed
};
FileContents contents_of(std::string_view bytes);

/// Takes files out of one folder, without a clock or a thread of its own (FolderWatch has both).
///
/// A file is renamed into `working`, given to the sink, and renamed into `done` or, where an answer
/// is not positive, into `failed`; the answers stand beside it as `<file>.ack`, and what was wrong
/// with a file that is no message as `<file>.error`. After a crash what stands in `working` is
/// taken up again: what was stored already is answered as before and stored once. While the store
/// is away files stay in `working`. Names that begin with a dot or end in .tmp, .part or .filepart
/// are somebody's unfinished file. One thread.
class FolderPickup {
public:
    using SteadyTime = std::chrono::steady_clock::time_point;

    FolderPickup(FolderSettings settings, MessageSink& sink);

    /// Makes the folders. Error: pickup-failed.
    Result<void> prepare();
    /// Takes what is ready. Returns when to look again at the latest.
    SteadyTime scan(SteadyTime now);
    const FolderCounters& counters() const { return counters_; }

private:
    struct Seen {
        std::uintmax_t size = 0;
        std::filesystem::file_time_type changed;
        SteadyTime since;
    };
    enum class End : std::uint8_t { done, failed, again };

    std::vector<std::string> names_in(const std::filesystem::path& folder);
    bool is_ready(const std::string& name, SteadyTime now);
    void take(const std::string& name);
    void process(const std::string& name);
    End deliver(const std::string& name, std::string& answers, std::string& error);
    End give(std::vector<std::string> messages, const Origin& origin, std::string& answers);
    bool put_away(const std::string& name, const std::filesystem::path& folder,
                  const std::string& answers, const std::string& error);
    void trouble(const std::string& name, std::string_view what);

    FolderSettings settings_;
    MessageSink& sink_;
    std::filesystem::path working_;
    std::filesystem::path done_;
    std::filesystem::path failed_;
    std::map<std::string, Seen> seen_;
    std::map<std::string, std::string> told_;  ///< trouble that was reported, by file
    FolderCounters counters_;
};

}  // namespace labrelay::transport
