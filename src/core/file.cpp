#include "labrelay/core/file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace labrelay {

Result<std::string> read_file(const std::filesystem::path& file) {
    struct Close {
        void operator()(std::FILE* stream) const { std::fclose(stream); }
    };
    const std::unique_ptr<std::FILE, Close> stream(std::fopen(file.c_str(), "rb"));
    if (!stream) {
        return fail(Code::file_unreadable, Place{file.string()}, std::strerror(errno));
    }
    std::string bytes;
    std::array<char, 65536> piece{};
    std::size_t size = 0;
    while ((size = std::fread(piece.data(), 1, piece.size(), stream.get())) > 0) {
        bytes.append(piece.data(), size);
    }
    if (std::ferror(stream.get()) != 0) {
        return fail(Code::file_unreadable, Place{file.string()}, std::strerror(errno));
    }
    return bytes;
}

}  // namespace labrelay
