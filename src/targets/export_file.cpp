#include "labrelay/targets/export_file.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace labrelay::targets {
namespace {

namespace fs = std::filesystem;

constexpr auto kOwnerOnly = fs::perms::owner_read | fs::perms::owner_write;

}  // namespace

Result<ExportFile> ExportFile::create(fs::path path) {
    fs::path part = path;
    part += ".part";
    std::error_code ignored;
    fs::remove(part, ignored);
    std::ofstream stream(part, std::ios::binary);
    if (!stream) {
        return fail(Code::export_unwritable, Place{path.string()}, std::strerror(errno));
    }
    fs::permissions(part, kOwnerOnly, ignored);
    return ExportFile(std::move(path), std::move(part), std::move(stream));
}

ExportFile::ExportFile(fs::path path, fs::path part, std::ofstream stream)
    : path_(std::move(path)), part_(std::move(part)), stream_(std::move(stream)) {}

ExportFile::ExportFile(ExportFile&& other) noexcept
    : path_(std::move(other.path_)),
      part_(std::exchange(other.part_, {})),
      stream_(std::move(other.stream_)),
      digest_(std::move(other.digest_)),
      bytes_(other.bytes_) {}

ExportFile::~ExportFile() {
    if (!part_.empty()) {
        stream_.close();
        std::error_code ignored;
        fs::remove(part_, ignored);
    }
}

tl::unexpected<Error> ExportFile::unwritable() const {
    return fail(Code::export_unwritable, Place{path_.string()}, std::strerror(errno));
}

Result<void> ExportFile::write(std::string_view bytes) {
    errno = 0;
    if (!stream_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
        return unwritable();
    }
    digest_.add(bytes);
    bytes_ += static_cast<std::int64_t>(bytes.size());
    return {};
}

Result<void> ExportFile::finish(std::int64_t rows) {
    errno = 0;
    stream_.close();
    if (!stream_) {
        return unwritable();
    }
    const nlohmann::ordered_json control{{"file", path_.filename().string()},
                                         {"rows", rows},
                                         {"bytes", bytes_},
                                         {"sha256", crypto::to_hex(digest_.finish())}};
    fs::path beside = path_;
    beside += ".control.json";
    std::ofstream stream(beside, std::ios::binary);
    stream << control.dump(1) << "\n";
    stream.close();
    std::error_code failed;
    fs::permissions(beside, kOwnerOnly, failed);
    fs::rename(part_, path_, failed);
    if (!stream || failed) {
        return unwritable();
    }
    part_.clear();
    return {};
}

}  // namespace labrelay::targets
