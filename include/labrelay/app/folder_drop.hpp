#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "labrelay/core/result.hpp"

namespace labrelay::app {

/// Puts messages into the folder that a server watches, and waits for their answers; what
/// `send --folder` does. A file a message, under a name that a second sender does not choose. One
/// thread.
class FolderDrop {
public:
    FolderDrop(std::filesystem::path folder, std::chrono::milliseconds timeout)
        : folder_(std::move(folder)), timeout_(timeout) {}

    /// The acknowledgement; empty where the message is done and there is none. Errors:
    /// connection-failed (the folder cannot be written), answer-timeout, answer-unreadable (the
    /// file stands in `failed` with an error).
    Result<std::string> send(std::string_view message);

private:
    std::filesystem::path folder_;
    std::chrono::milliseconds timeout_;
    int number_ = 0;
};

}  // namespace labrelay::app
