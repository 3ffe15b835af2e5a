// Runs a fuzz target over a corpus folder without libFuzzer: every file, its beginnings, and some
// small changes that are the same in every run.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "fuzz_target.hpp"

namespace {

// Enough to find again what was found before; the fuzzers of the long form look for more.
constexpr std::size_t kBeginnings = 150;
constexpr int kChanges = 400;
constexpr std::string_view kInteresting = "|^~\\&\r\n\"\x0b\x1c\xd6\xff[].-=0A";

void run(const std::string& input) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

void run_with_changes(const std::string& input, std::mt19937& random) {
    run(input);
    const std::size_t step = input.size() / kBeginnings + 1;
    for (std::size_t length = 0; length < input.size(); length += step) {
        run(input.substr(0, length));
    }
    for (int change = 0; change < kChanges && !input.empty(); ++change) {
        std::string changed = input;
        for (unsigned long times = random() % 3 + 1; times > 0; --times) {
            const std::size_t at = random() % (changed.size() + 1);
            const char byte = kInteresting[random() % kInteresting.size()];
            if (at == changed.size() || random() % 3 == 0) {
                changed.insert(at, 1, byte);
            } else if (random() % 2 == 0) {
                changed[at] = byte;
            } else {
                changed.erase(at, random() % 8 + 1);
            }
        }
        run(changed);
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::filesystem::path> files;
    for (int i = 1; i < argc; ++i) {
        for (const auto& file : std::filesystem::directory_iterator(argv[i])) {
            files.push_back(file.path());
        }
    }
    std::sort(files.begin(), files.end());
    std::mt19937 random(1);
    for (const std::filesystem::path& path : files) {
        std::string input(std::filesystem::file_size(path), '\0');
        std::ifstream file(path, std::ios::binary);
        file.read(input.data(), static_cast<std::streamsize>(input.size()));
        run_with_changes(input, random);
    }
    std::printf("%zu files\n", files.size());
    return files.empty() ? 1 : 0;
}
