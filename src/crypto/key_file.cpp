#include "labrelay/crypto/key_file.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "sodium.hpp"

namespace labrelay::crypto {
namespace {

class OpenFile {
public:
    OpenFile(const std::filesystem::path& path, int flags, mode_t mode)
        : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    bool ok() const { return descriptor_ >= 0; }
    int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

std::string reason() {
    return std::generic_category().message(errno);
}

}  // namespace

Result<SecretKey> create_key_file(const std::filesystem::path& path) {
    const SecretKey key = SecretKey::random();
    const OpenFile file(path, O_WRONLY | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
    if (!file.ok()) return fail(Code::store_io, {path.string()}, reason());
    if (::write(file.descriptor(), key.data(), SecretKey::kSize) != ssize_t{SecretKey::kSize} ||
        ::fsync(file.descriptor()) != 0)
        return fail(Code::store_io, {path.string()}, reason());
    // The name must survive a crash too, or the store would outlive its key.
    const OpenFile directory(path.parent_path(), O_RDONLY | O_DIRECTORY, 0);
    if (!directory.ok() || ::fsync(directory.descriptor()) != 0)
        return fail(Code::store_io, {path.string()}, reason());
    return key;
}

Result<SecretKey> read_key_file(const std::filesystem::path& path) {
    const OpenFile file(path, O_RDONLY, 0);
    if (!file.ok()) return fail(Code::store_key_missing, {path.string()}, reason());
    std::array<std::uint8_t, SecretKey::kSize + 1> bytes{};
    const ssize_t count = ::read(file.descriptor(), bytes.data(), bytes.size());
    if (count != ssize_t{SecretKey::kSize})
        return fail(Code::store_key_missing, {path.string()}, "a key file holds 32 bytes");
    std::array<std::uint8_t, SecretKey::kSize> key{};
    std::copy_n(bytes.begin(), key.size(), key.begin());
    SecretKey result(key);
    sodium_memzero(bytes.data(), bytes.size());
    sodium_memzero(key.data(), key.size());
    return result;
}

}  // namespace labrelay::crypto
