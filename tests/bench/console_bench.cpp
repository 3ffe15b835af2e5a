// What the console asks most, over a store with LABRELAY_CONSOLE_RESULTS results (100,000 unless
// set), ten a message, 500 a subject, one message in fifty held: the mean of each answer, and the
// 99th percentile as a counter. The store is a SQLite file, or the database at
// LABRELAY_CONSOLE_STORE; it stays for the next run where LABRELAY_CONSOLE_DATA names a directory.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "idle_engine.hpp"
#include "labrelay/api/message_routes.hpp"
#include "labrelay/api/problem_routes.hpp"
#include "labrelay/api/search_routes.hpp"
#include "labrelay/api/subject_routes.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/sql_commit_store.hpp"
#include "labrelay/store/store_writer.hpp"
#include "store_items.hpp"
#include "temporary_directory.hpp"

namespace {

using namespace labrelay;

constexpr std::int64_t kPerMessage = 10;
/// A subject of the trial has about as many results.
constexpr std::int64_t kPerSubject = 500;
constexpr std::int64_t kHeldEvery = 50;
constexpr std::int64_t kBatch = 128;
/// Where causes are as many as this, the list is longer than anybody's.
constexpr std::int64_t kCauses = 2000;

std::int64_t wanted_results() {
    const char* text = std::getenv("LABRELAY_CONSOLE_RESULTS");
    return text == nullptr ? 100'000 : std::atoll(text);
}

std::int64_t subject_count() {
    return std::max<std::int64_t>(200, wanted_results() / kPerSubject);
}

store::DataDirectory opened(const std::filesystem::path& path) {
    store::DataDirectory directory =
        *store::DataDirectory::open(path, store::DataDirectory::Use::write);
    if (const char* url = std::getenv("LABRELAY_CONSOLE_STORE")) {
        if (auto set = directory.set_url(url); !set) {
            throw std::runtime_error(set.error().detail);
        }
    }
    return directory;
}

std::filesystem::path data_directory(const test::TemporaryDirectory& temporary) {
    const char* text = std::getenv("LABRELAY_CONSOLE_DATA");
    return text == nullptr ? temporary.path() / "data" : std::filesystem::path(text);
}

class FilledStore {
public:
    FilledStore() : directory_(opened(data_directory(temporary_))), reads_(directory_) {
        store::WriterOptions options;
        options.targets = {"study"};
        writer_ = std::move(*store::StoreWriter::open(directory_, clock_, options));
        store::SqlCommitStore store(*writer_);
        study::Registry registry = registered(store);
        fill(store, registry);
        mapping::Loaded loaded =
            mapping::load_configuration(std::string(LABRELAY_SOURCE_DIR) + "/mappings");
        snapshots_.emplace(loaded.configuration, registry);
        services_.emplace(api::Services{reads_, *writer_, *snapshots_, clock_, engine_});
        api::add_problem_routes(router_, *services_);
        api::add_message_routes(router_, *services_);
        api::add_subject_routes(router_, *services_);
        api::add_search_routes(router_, *services_);
    }

    void ask(const std::string& path, std::multimap<std::string, std::string> query = {}) {
        api::Request request;
        request.path = path;
        request.query = std::move(query);
        request.at = clock_.now();
        request.who.account = 1;
        request.who.grants = {{security::Role::data_manager, "", ""}};
        const api::Response response = router_.serve(std::move(request));
        if (response.status != 200) {
            throw std::runtime_error(path + ": " + response.body);
        }
        benchmark::DoNotOptimize(response.body.size());
    }

    std::int64_t messages() const { return messages_; }

private:
    static study::Registry registered(store::SqlCommitStore& store) {
        store.begin();
        study::Registry registry = store.load_registry();
        if (registry.all_subjects().empty()) {
            pipeline::RegistryChange change;
            change.actor = "bench";
            for (std::int64_t number = 0; number < subject_count(); ++number) {
                study::Subject subject = testing::a_subject(
                    "SCR-" + std::to_string(100'000 + number), std::to_string(500'000 + number));
                subject.study = "NCT05872659";
                subject.site = "QILU";
                change.subjects.push_back(std::move(subject));
            }
            registry = store.write_registry(registry, change);
        }
        store.commit();
        return registry;
    }

    void fill(store::SqlCommitStore& store, const study::Registry& registry) {
        const auto subjects = registry.all_subjects();
        store.begin();
        const std::int64_t last = store.last_message_id().value;
        store.commit();
        messages_ = wanted_results() / kPerMessage;
        for (std::int64_t id = last + 1; id <= messages_;) {
            store.begin();
            for (std::int64_t in_batch = 0; in_batch < kBatch && id <= messages_; ++in_batch) {
                const SubjectId subject =
                    subjects[static_cast<std::size_t>(id % subject_count())]->id;
                testing::StoreItem item(id, "C" + std::to_string(id));
                const std::int64_t round = id / subject_count();
                for (std::int64_t one = 0; one < kPerMessage; ++one) {
                    if (id % kHeldEvery == 0) {
                        item.held(Code::unknown_code,
                                  "K" + std::to_string(id / kHeldEvery % kCauses));
                        item.proposal.observations.back().subjects = {subject};
                    } else {
                        item.stored(round * kPerMessage + one + 1, subject);
                    }
                }
                store.write(item.item());
                ++id;
            }
            store.commit();
        }
        while (store::group_holds(*writer_, 5000) > 0) {
        }
    }

    test::TemporaryDirectory temporary_;
    testing::FixedClock clock_;
    testing::IdleEngine engine_;
    store::DataDirectory directory_;
    store::ReadPool reads_;
    std::unique_ptr<store::StoreWriter> writer_;
    std::optional<pipeline::Snapshots> snapshots_;
    std::optional<api::Services> services_;
    api::Router router_;
    std::int64_t messages_ = 0;
};

FilledStore& filled() {
    static FilledStore store;
    return store;
}

/// Runs `ask` as often as it is told and reports the 99th percentile of its times.
template <typename Ask>
void measure(benchmark::State& state, Ask ask) {
    using Clock = std::chrono::steady_clock;
    filled();
    std::vector<double> times;
    for (auto _ : state) {
        const auto begin = Clock::now();
        ask();
        times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    }
    const auto at = times.begin() + static_cast<std::ptrdiff_t>(times.size() * 99 / 100);
    std::nth_element(times.begin(), at, times.end());
    state.counters["p99_ms"] = *at;
}

/// Walks over 1 … count in an order that is nobody's.
std::int64_t next_of(std::int64_t now, std::int64_t count) {
    return (now + 7'919) % count;
}

void problem_list(benchmark::State& state) {
    measure(state, [] { filled().ask("/problems"); });
}
BENCHMARK(problem_list)->Unit(benchmark::kMillisecond)->UseRealTime();

void search_control_id(benchmark::State& state) {
    std::int64_t id = 0;
    measure(state, [&id] {
        id = next_of(id, filled().messages());
        filled().ask("/search", {{"q", "C" + std::to_string(id + 1)}});
    });
}
BENCHMARK(search_control_id)->Unit(benchmark::kMillisecond)->UseRealTime();

void search_accession(benchmark::State& state) {
    std::int64_t id = 0;
    measure(state, [&id] {
        id = next_of(id, filled().messages());
        filled().ask("/search", {{"q", "SP" + std::to_string(id + 1)}});
    });
}
BENCHMARK(search_accession)->Unit(benchmark::kMillisecond)->UseRealTime();

void search_subject(benchmark::State& state) {
    std::int64_t number = 0;
    measure(state, [&number] {
        number = next_of(number, subject_count());
        filled().ask("/search", {{"q", "SCR-" + std::to_string(100'000 + number)}});
    });
}
BENCHMARK(search_subject)->Unit(benchmark::kMillisecond)->UseRealTime();

void message_list(benchmark::State& state) {
    measure(state, [] { filled().ask("/messages", {{"state", "held"}}); });
}
BENCHMARK(message_list)->Unit(benchmark::kMillisecond)->UseRealTime();

void subject_page(benchmark::State& state) {
    std::int64_t number = 0;
    measure(state, [&number] {
        number = next_of(number, subject_count());
        filled().ask("/subjects/SCR-" + std::to_string(100'000 + number));
    });
}
BENCHMARK(subject_page)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
