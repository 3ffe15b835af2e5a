#include "labrelay/transport/folder_pickup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <system_error>
#include <utility>

#include "labrelay/core/file.hpp"
#include "labrelay/hl7/mllp_framer.hpp"

namespace labrelay::transport {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kUnfinished{".tmp", ".part", ".filepart"};
/// Given to the sink at once: one commit for many, and bounded memory.
constexpr std::size_t kTogether = 64;

/// Whether every acknowledgement of the answers is positive; a batch has several.
bool all_positive(std::string_view answers) {
    std::size_t at = 0;
    while (at < answers.size()) {
        const std::size_t end = std::min(answers.find_first_of("\r\n", at), answers.size());
        const std::string_view line = answers.substr(at, end - at);
        if (line.starts_with("MSA") && line.size() > 5) {
            const std::string_view code = line.substr(4, 2);
            if (code != "AA" && code != "CA") {
                return false;
            }
        }
        at = end + 1;
    }
    return true;
}

/// Whole or not at all: written beside it, synced and renamed.
bool write_whole(const fs::path& file, std::string_view text) {
    const fs::path unfinished = file.parent_path() / ("." + file.filename().string() + ".tmp");
    const int descriptor =
        ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (descriptor < 0) {
        return false;
    }
    bool written = true;
    while (written && !text.empty()) {
        const ssize_t size = ::write(descriptor, text.data(), text.size());
        written = size > 0;
        text.remove_prefix(written ? static_cast<std::size_t>(size) : 0);
    }
    written = written && ::fsync(descriptor) == 0;
    written = ::close(descriptor) == 0 && written;
    std::error_code failed;
    fs::rename(unfinished, file, failed);
    return written && !failed;
}

/// A name that is free in the folder: yesterday's file of the same name is not overwritten.
std::string free_name(const fs::path& folder, const std::string& name) {
    std::error_code failed;
    std::string free = name;
    for (int number = 1; fs::exists(folder / free, failed); ++number) {
        free = fmt::format("{}.{}", name, number);
    }
    return free;
}

}  // namespace

FileContents contents_of(std::string_view bytes) {
    FileContents contents;
    std::vector<std::string>& messages = contents.messages;
    if (bytes.starts_with('\x0b')) {
        hl7::MllpFramer framer(bytes.size() + 1);
        framer.feed(bytes);
        framer.finish();
        while (std::optional<hl7::MllpFrame> frame = framer.next()) {
            const bool whole = frame->kind == hl7::MllpFrame::Kind::payload;
            (whole ? messages : contents.truncated).push_back(std::move(frame->bytes));
        }
        return contents;
    }
    std::size_t begin = 0;
    if (bytes.starts_with("MSH") && bytes.size() > 3) {
        const std::string header(bytes.substr(0, 4));
        for (std::size_t at = bytes.find(header, 1); at != bytes.npos;
             at = bytes.find(header, at + 1)) {
            if (bytes[at - 1] == '\r' || bytes[at - 1] == '\n') {
                messages.emplace_back(bytes.substr(begin, at - begin));
                begin = at;
            }
        }
    }
    messages.emplace_back(bytes.substr(begin));
    return contents;
}

FolderPickup::FolderPickup(FolderSettings settings, MessageSink& sink)
    : settings_(std::move(settings)),
      sink_(sink),
      working_(settings_.path / "working"),
      done_(settings_.path / "done"),
      failed_(settings_.path / "failed") {}

Result<void> FolderPickup::prepare() {
    for (const fs::path& folder : {working_, done_, failed_}) {
        std::error_code failed;
        fs::create_directories(folder, failed);
        if (failed || ::access(folder.c_str(), W_OK) != 0) {
            return fail(Code::pickup_failed, Place{folder.string()},
                        failed ? failed.message() : "labrelay may not write there");
        }
    }
    return {};
}

FolderPickup::SteadyTime FolderPickup::scan(SteadyTime now) {
    for (const std::string& name : names_in(working_)) {
        process(name);
    }
    const std::vector<std::string> names = names_in(settings_.path);
    std::erase_if(seen_, [&](const auto& entry) {
        return !std::binary_search(names.begin(), names.end(), entry.first);
    });
    for (const std::string& name : names) {
        if (is_ready(name, now)) {
            take(name);
        }
    }
    SteadyTime next = now + settings_.poll;
    for (const auto& [name, seen] : seen_) {
        const SteadyTime settled = seen.since + settings_.settle;
        next = settled > now ? std::min(next, settled) : next;
    }
    return next;
}

/// Sorted, so that files are taken in the order of their names.
std::vector<std::string> FolderPickup::names_in(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code failed;
    for (auto at = fs::directory_iterator(folder, failed); !failed && at != fs::end(at);
         at.increment(failed)) {
        std::string name = at->path().filename().string();
        const auto ends = [&](std::string_view suffix) { return name.ends_with(suffix); };
        std::error_code unknown;
        if (!name.starts_with('.') && std::none_of(kUnfinished.begin(), kUnfinished.end(), ends) &&
            at->symlink_status(unknown).type() == fs::file_type::regular) {
            names.push_back(std::move(name));
        }
    }
    if (failed) {
        trouble(folder.string(), failed.message());
    }
    std::sort(names.begin(), names.end());
    return names;
}

bool FolderPickup::is_ready(const std::string& name, SteadyTime now) {
    const fs::path file = settings_.path / name;
    std::error_code failed;
    if (!settings_.ready_suffix.empty()) {
        return !name.ends_with(settings_.ready_suffix) &&
               fs::exists(settings_.path / (name + settings_.ready_suffix), failed);
    }
    const std::uintmax_t size = fs::file_size(file, failed);
    if (failed) {
        return false;
    }
    const fs::file_time_type changed = fs::last_write_time(file, failed);
    if (failed) {
        return false;
    }
    const auto [seen, is_new] = seen_.try_emplace(name, Seen{size, changed, now});
    if (!is_new && (seen->second.size != size || seen->second.changed != changed)) {
        seen->second = {size, changed, now};
    }
    return now - seen->second.since >= settings_.settle;
}

void FolderPickup::take(const std::string& name) {
    std::error_code failed;
    if (fs::exists(working_ / name, failed)) {
        return;  // one of this name still waits for the store
    }
    fs::rename(settings_.path / name, working_ / name, failed);
    if (failed) {
        trouble(name, failed.message());
        return;
    }
    seen_.erase(name);
    if (!settings_.ready_suffix.empty()) {
        fs::remove(settings_.path / (name + settings_.ready_suffix), failed);
    }
    process(name);
}

void FolderPickup::process(const std::string& name) {
    std::string answers;
    std::string error;
    const End end = deliver(name, answers, error);
    if (end == End::again) {
        ++counters_.again;
        return;
    }
    const bool done = end == End::done;
    if (put_away(name, done ? done_ : failed_, answers, error)) {
        told_.erase(name);
        ++(done ? counters_.done : counters_.failed);
    }
}

FolderPickup::End FolderPickup::deliver(const std::string& name, std::string& answers,
                                        std::string& error) {
    std::error_code failed;
    const std::uintmax_t size = fs::file_size(working_ / name, failed);
    if (!failed && size > settings_.max_file_bytes) {
        error = fmt::format("{}: {} bytes; this folder takes {}\n", key(Code::frame_too_large),
                            size, settings_.max_file_bytes);
        return End::failed;
    }
    const Result<std::string> bytes = read_file(working_ / name);
    if (!bytes) {
        trouble(name, bytes.error().detail);
        return End::again;
    }
    if (bytes->find_first_not_of(" \t\r\n") == std::string::npos) {
        error = fmt::format("{}\n", key(Code::message_empty));
        return End::failed;
    }
    FileContents contents = contents_of(*bytes);
    const Origin origin{0, (settings_.path / name).string(), {}};
    for (std::string& frame : contents.truncated) {
        sink_.quarantine(std::move(frame), Code::frame_truncated, origin);
        error = fmt::format("{}\n", key(Code::frame_truncated));
    }
    const End end = give(std::move(contents.messages), origin, answers);
    return end == End::done && !error.empty() ? End::failed : end;
}

FolderPickup::End FolderPickup::give(std::vector<std::string> messages, const Origin& origin,
                                     std::string& answers) {
    counters_.messages += messages.size();
    for (auto at = messages.begin(); at != messages.end();) {
        const auto end = messages.end() - at > static_cast<std::ptrdiff_t>(kTogether)
                             ? at + static_cast<std::ptrdiff_t>(kTogether)
                             : messages.end();
        const std::vector<MessageSink::Reply> replies =
            sink_.receive_all({std::make_move_iterator(at), std::make_move_iterator(end)}, origin);
        for (const MessageSink::Reply& reply : replies) {
            if (reply.not_stored) {
                return End::again;
            }
            for (const std::string& message : reply.messages) {
                answers += message;
            }
        }
        at = end;
    }
    return all_positive(answers) ? End::done : End::failed;
}

/// The answer first: a crash in between leaves the file in `working`, and it is answered again.
bool FolderPickup::put_away(const std::string& name, const fs::path& folder,
                            const std::string& answers, const std::string& error) {
    const std::string free = free_name(folder, name);
    const bool written = (answers.empty() || write_whole(folder / (free + ".ack"), answers)) &&
                         (error.empty() || write_whole(folder / (free + ".error"), error));
    if (!written) {
        trouble(name, "its answer cannot be written");
        return false;
    }
    std::error_code failed;
    fs::rename(working_ / name, folder / free, failed);
    if (failed) {
        trouble(name, failed.message());
    }
    return !failed;
}

/// Once a file and cause: a scan comes every second.
void FolderPickup::trouble(const std::string& name, std::string_view what) {
    std::string& told = told_[name];
    if (told != what) {
        told = what;
        sink_.on_connection_event(Code::pickup_failed, (settings_.path / name).string(), what);
    }
}

}  // namespace labrelay::transport
