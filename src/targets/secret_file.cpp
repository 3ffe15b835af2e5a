#include "labrelay/targets/secret_file.hpp"

#include <sys/stat.h>

#include <fstream>

namespace labrelay::targets {

Result<std::string> read_secret(const std::filesystem::path& file) {
    const Place place{file.string()};
    struct stat found {};
    if (::stat(file.c_str(), &found) != 0) {
        return fail(Code::secret_file_bad, place, "It is missing.");
    }
    if (!S_ISREG(found.st_mode) || (found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return fail(Code::secret_file_bad, place, "Others than its owner may read it.");
    }
    std::ifstream stream(file);
    std::string line;
    std::getline(stream, line);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
        line.pop_back();
    }
    if (line.empty()) {
        return fail(Code::secret_file_bad, place, "Its first line is empty.");
    }
    return line;
}

}  // namespace labrelay::targets
