#pragma once

#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp is POSIX

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace labrelay::test {

/// A directory that is there for one test and gone after it.
class TemporaryDirectory {
public:
    enum class On : std::uint8_t { disk, memory };

    /// memory: where the test's own shim is the disk, so that a real sync is only lost time.
    explicit TemporaryDirectory(On where = On::disk) {
        const std::filesystem::path memory = "/dev/shm";
        const bool in_memory = where == On::memory && std::filesystem::exists(memory);
        std::string name =
            ((in_memory ? memory : std::filesystem::temp_directory_path()) / "labrelay-XXXXXX")
                .string();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("no temporary directory");
        }
        path_ = name;
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace labrelay::test
