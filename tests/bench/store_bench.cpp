// The bare store at several batch sizes: messages a second and bytes a message, ten observations
// each.
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <vector>

#include "bare_store.hpp"
#include "labrelay/core/sentences.hpp"
#include "store_items.hpp"

namespace {

using labrelay::say;
using labrelay::Sentence;
using labrelay::SubjectId;
using labrelay::testing::StoreItem;

constexpr std::int64_t kSubjects = 200;
constexpr int kObservations = 10;

// Traffic whose texts vary as a laboratory's do: specimens, times and values differ, codes and
// units repeat.
std::vector<StoreItem> traffic(std::int64_t messages) {
    std::vector<StoreItem> items;
    for (std::int64_t n = 1; n <= messages; ++n) {
        StoreItem item(n * 16384 + 7'000'000'000'000'000, fmt::format("LAB{:08}", n));
        const SubjectId subject{1 + n % kSubjects};
        for (int i = 0; i < kObservations; ++i)
            item.stored((n / kSubjects) * kObservations + i + 1, subject);
        for (auto& observation : item.proposal.observations) {
            const std::string obx = fmt::format("OBX[{}]-", observation.ordinal);
            observation.lineage = {
                {"map.code",
                 say(Sentence::map_code_of, obx + "3", observation.code, "99BD",
                     observation.analyte, "sources/facs-lyric.xml:22:3"),
                 {{obx + "3.1", 400}}},
                {"subject.identifier",
                 say(Sentence::subject_by_identifier, "PID-3.1 (QILU-MRN)",
                     fmt::format("subject {}", subject.value), 7),
                 {{"PID-3.1", 120}}},
                {"collected.time",
                 say(Sentence::collected_at, "OBR-7.1", "20230912081000", "2023-09-12 08:10",
                     "Asia/Shanghai"),
                 {{"OBR-7.1", 260}}},
                {"unit.read",
                 say(Sentence::unit_read, obx + "6", "cells/uL", "/uL", "source-list:cells/uL"),
                 {{obx + "6.1", 420}}},
                {"range.reference",
                 say(Sentence::range_of_laboratory, "LOW", "410", "1590"),
                 {{obx + "7.1", 430}}}};
        }
        item.bytes += fmt::format("SPM|1|{}^{}||BLD\r", n, n * 7919);
        item.bytes.insert(
            item.bytes.find('\r') + 1,
            fmt::format("PID|1||{:08}^^^QILU^MR||TEST^PERSON||19800101|F\rOBR|1|P{}|F{}|TBNK^T "
                        "subset^99BD|||202607{:02}0815\r",
                        n % kSubjects, n, n, 1 + n % 28));
        items.push_back(std::move(item));
    }
    return items;
}

}  // namespace

int main(int argc, char** argv) {
    const std::int64_t messages = argc > 1 ? std::atoll(argv[1]) : 5000;
    const std::filesystem::path directory = argc > 2 ? argv[2] : "bare-store";
    const std::vector<StoreItem> items = traffic(messages);
    std::vector<labrelay::pipeline::CommitItem> commit_items;
    std::size_t bytes = 0;
    for (const StoreItem& item : items) {
        commit_items.push_back(item.item());
        bytes += item.bytes.size();
    }
    fmt::print("{} messages of {} bytes, {} observations each\n", messages, bytes / items.size(),
               kObservations);
    for (const std::size_t batch : {1U, 8U, 32U, 128U}) {
        labrelay::store::WriterOptions options;
        options.targets = {"study"};
        const auto run =
            labrelay::bench::run_bare_store(directory, commit_items, std::array{batch}, options);
        fmt::print("batch {:4}: {:8.0f} messages/s, {} store bytes a message\n", batch,
                   run.messages_per_second(), run.store_bytes / messages);
    }
    std::filesystem::remove_all(directory);
    return 0;
}
