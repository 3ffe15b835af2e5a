#include "labrelay/store/data_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "labrelay/core/file.hpp"
#include "labrelay/crypto/key_file.hpp"

namespace labrelay::store {
namespace {

std::string reason() {
    return std::generic_category().message(errno);
}

Result<int> lock_directory(const std::filesystem::path& directory) {
    const std::filesystem::path file = directory / "lock";
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (descriptor < 0) return fail(Code::store_io, {file.string()}, reason());
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
    const bool taken = errno == EWOULDBLOCK;
    ::close(descriptor);
    return fail(taken ? Code::store_locked : Code::store_io, {file.string()});
}

Result<std::string> read_url(const std::filesystem::path& file) {
    if (!std::filesystem::exists(file)) return std::string();
    auto text = read_file(file);
    if (!text) return tl::unexpected(std::move(text.error()));
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
    return text;
}

Result<crypto::SecretKey> key_for(const DataDirectory& directory) {
    if (std::filesystem::exists(directory.key_file()))
        return crypto::read_key_file(directory.key_file());
    if (std::filesystem::exists(directory.store_file()))
        return fail(Code::store_key_missing, {directory.key_file().string()});
    return crypto::create_key_file(directory.key_file());
}

}  // namespace

Result<DataDirectory> DataDirectory::open(const std::filesystem::path& directory, Use use) {
    DataDirectory opened;
    opened.path_ = directory;
    auto url = read_url(opened.url_file());
    if (!url) return tl::unexpected(std::move(url.error()));
    opened.url_ = std::move(*url);
    if (use == Use::read) {
        if (opened.url_.empty() && !std::filesystem::exists(opened.store_file()))
            return fail(Code::not_found, {directory.string()}, "there is no store");
        auto key = crypto::read_key_file(opened.key_file());
        if (!key) return tl::unexpected(std::move(key.error()));
        opened.key_ = *key;
        return opened;
    }
    std::error_code failed;
    std::filesystem::create_directories(directory, failed);
    if (failed) return fail(Code::store_io, {directory.string()}, failed.message());
    if (::chmod(directory.c_str(), S_IRWXU) != 0)
        return fail(Code::store_io, {directory.string()}, reason());
    const auto lock = lock_directory(directory);
    if (!lock) return tl::unexpected(lock.error());
    opened.lock_ = *lock;
    auto key = key_for(opened);
    if (!key) return tl::unexpected(std::move(key.error()));
    opened.key_ = *key;
    return opened;
}

Result<void> DataDirectory::set_url(const std::string& url) {
    if (url == url_) return {};
    if (std::filesystem::exists(store_file()))
        return fail(Code::setting_bad, {"store.url"},
                    "a store.db stands in " + path_.string() +
                        "; move it with `labrelay store copy`, or use another data directory");
    const int file =
        ::open(url_file().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0) return fail(Code::store_io, {url_file().string()}, reason());
    const std::string line = url + "\n";
    const ssize_t written = ::write(file, line.data(), line.size());
    const bool synced = ::fsync(file) == 0;
    ::close(file);
    if (written != static_cast<ssize_t>(line.size()) || !synced)
        return fail(Code::store_io, {url_file().string()}, reason());
    url_ = url;
    return {};
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)),
      url_(std::move(other.url_)),
      key_(other.key_),
      lock_(std::exchange(other.lock_, -1)) {}

DataDirectory& DataDirectory::operator=(DataDirectory&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(url_, other.url_);
    std::swap(key_, other.key_);
    std::swap(lock_, other.lock_);
    return *this;
}

DataDirectory::~DataDirectory() {
    if (lock_ >= 0) ::close(lock_);
}

}  // namespace labrelay::store
