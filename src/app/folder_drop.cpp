#include "labrelay/app/folder_drop.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <system_error>

#include "labrelay/core/file.hpp"
#include "labrelay/crypto/random.hpp"

namespace labrelay::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

/// Shares of other machines tell of nothing: there a look this often.
constexpr std::chrono::milliseconds kLook{250};

/// Wakes when something is renamed into one of two folders.
class Arrivals {
public:
    Arrivals(const fs::path& one, const fs::path& other)
        : descriptor_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
        for (const fs::path& folder : {one, other}) {
            ::inotify_add_watch(descriptor_, folder.c_str(), IN_MOVED_TO);
        }
    }
    Arrivals(const Arrivals&) = delete;
    Arrivals& operator=(const Arrivals&) = delete;
    ~Arrivals() { ::close(descriptor_); }

    void wait() const {
        pollfd watched{descriptor_, POLLIN, 0};
        ::poll(&watched, 1, static_cast<int>(kLook.count()));
        std::array<char, 4096> events{};
        while (::read(descriptor_, events.data(), events.size()) > 0) {
        }
    }

private:
    int descriptor_;
};

std::optional<Result<std::string>> answer_in(const fs::path& folder, const std::string& name) {
    std::error_code failed;
    if (!fs::exists(folder / name, failed)) {
        return std::nullopt;  // the answer is written first and the file comes after it
    }
    if (fs::exists(folder / (name + ".error"), failed)) {
        const Result<std::string> why = read_file(folder / (name + ".error"));
        return fail(Code::answer_unreadable, Place{(folder / name).string()},
                    why ? why->substr(0, why->find('\n')) : std::string());
    }
    return fs::exists(folder / (name + ".ack"), failed) ? read_file(folder / (name + ".ack"))
                                                        : std::string();
}

}  // namespace

Result<std::string> FolderDrop::send(std::string_view message) {
    const std::string name = fmt::format("{}-{:06}.hl7", crypto::random_hex(4), ++number_);
    const Arrivals arrivals(folder_ / "done", folder_ / "failed");
    {
        std::ofstream unfinished(folder_ / (name + ".tmp"), std::ios::binary);
        unfinished.write(message.data(), static_cast<std::streamsize>(message.size()));
        unfinished.close();
        std::error_code failed;
        if (unfinished) {
            fs::rename(folder_ / (name + ".tmp"), folder_ / name, failed);
        }
        if (!unfinished || failed) {
            return fail(Code::connection_failed, Place{folder_.string()},
                        "the folder cannot be written");
        }
    }
    const auto deadline = steady_clock::now() + timeout_;
    while (steady_clock::now() < deadline) {
        for (const char* folder : {"done", "failed"}) {
            if (std::optional<Result<std::string>> answer = answer_in(folder_ / folder, name)) {
                return *std::move(answer);
            }
        }
        arrivals.wait();
    }
    return fail(Code::answer_timeout, Place{(folder_ / name).string()},
                fmt::format("{} ms", timeout_.count()));
}

}  // namespace labrelay::app
