#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "labrelay/core/result.hpp"
#include "labrelay/crypto/sha256_stream.hpp"

namespace labrelay::targets {

/// What a command says it has written.
struct ExportedFile {
    std::filesystem::path path;
    std::int64_t rows = 0;
};

/// A file that is handed to somebody: written under another name (`lb.csv.part`) and given its own
/// only when it is whole, with a control file beside it (`lb.csv.control.json`: rows, bytes,
/// SHA-256), because none of the formats carries one. Mode 0600. What is not finished is removed.
/// One thread. Errors: export-unwritable; the place is the file.
class ExportFile {
public:
    static Result<ExportFile> create(std::filesystem::path path);
    ExportFile(ExportFile&&) noexcept;
    ExportFile& operator=(ExportFile&&) = delete;
    ~ExportFile();

    Result<void> write(std::string_view bytes);
    Result<void> finish(std::int64_t rows);

    const std::filesystem::path& path() const { return path_; }

private:
    ExportFile(std::filesystem::path path, std::filesystem::path part, std::ofstream stream);
    tl::unexpected<Error> unwritable() const;

    std::filesystem::path path_;
    std::filesystem::path part_;
    std::ofstream stream_;
    crypto::Sha256Stream digest_;
    std::int64_t bytes_ = 0;
};

}  // namespace labrelay::targets
