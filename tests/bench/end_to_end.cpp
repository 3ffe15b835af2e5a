#include "end_to_end.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cmath>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

#include "labrelay/app/server.hpp"
#include "labrelay/targets/study_reader.hpp"
#include "labrelay/transport/mllp_client.hpp"

namespace labrelay::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::chrono::milliseconds kAnswerTimeout{10'000};

template <class Value>
Value or_throw(Result<Value> result) {
    if (!result) {
        throw std::runtime_error(describe(result.error()));
    }
    return std::move(*result);
}

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// The clients of one run, each with a thread and a connection of its own.
class Clients {
public:
    Clients(const std::vector<std::uint16_t>& ports, std::span<const std::string> messages,
            const EndToEndSettings& settings)
        : messages_(messages),
          duration_(settings.duration),
          start_line_(static_cast<std::ptrdiff_t>(settings.connections) + 1) {
        for (std::size_t i = 0; i < settings.connections; ++i) {
            threads_.emplace_back([this, port = ports[i % ports.size()]] { work(port); });
        }
        start_line_.arrive_and_wait();
    }

    /// Milliseconds of every answered message.
    std::vector<double> finish() {
        for (std::thread& thread : threads_) {
            thread.join();
        }
        if (fault_) {
            std::rethrow_exception(fault_);
        }
        std::sort(latencies_.begin(), latencies_.end());
        return std::move(latencies_);
    }

private:
    void work(std::uint16_t port) {
        std::vector<double> mine;
        bool waiting = true;
        try {
            transport::MllpClient client =
                or_throw(transport::MllpClient::connect("127.0.0.1", port, kAnswerTimeout));
            start_line_.arrive_and_wait();
            waiting = false;
            send_all(client, mine);
        } catch (const std::exception&) {
            if (waiting) {
                start_line_.arrive_and_drop();
            }
            const std::lock_guard lock(mutex_);
            fault_ = std::current_exception();
        }
        const std::lock_guard lock(mutex_);
        latencies_.insert(latencies_.end(), mine.begin(), mine.end());
    }

    void send_all(transport::MllpClient& client, std::vector<double>& latencies) {
        const auto end = Clock::now() + duration_;
        for (auto sent = Clock::now(); sent < end;) {
            const std::size_t number = next_.fetch_add(1);
            if (number >= messages_.size()) {
                return;
            }
            const std::string answer = or_throw(client.send(messages_[number]));
            if (answer.find("\rMSA|AA|") == std::string::npos) {
                throw std::runtime_error("not accepted: " + answer);
            }
            const auto answered = Clock::now();
            latencies.push_back(Milliseconds(answered - sent).count());
            sent = answered;
        }
    }

    std::span<const std::string> messages_;
    std::chrono::milliseconds duration_;
    std::barrier<> start_line_;
    std::atomic<std::size_t> next_{0};
    std::mutex mutex_;
    std::exception_ptr fault_;
    std::vector<double> latencies_;
    std::vector<std::thread> threads_;
};

app::ServerSettings settings_of(const EndToEndSettings& settings, std::size_t node) {
    app::ServerSettings made;
    made.data = settings.directory / std::to_string(node);
    made.mllp.port = 0;
    made.mllp.max_connections = static_cast<int>(settings.connections) + 1;
    made.http_port = 0;
    made.target_paused = settings.target_paused;
    made.store_url = settings.store_url;
    made.store_lanes = settings.lanes;
    if (!settings.target_url.empty()) {
        made.target = targets::study_place(settings.target_url);
    }
    if (node > 0) {  // all nodes of a store have its key
        std::filesystem::create_directories(made.data);
        std::filesystem::copy_file(settings.directory / "0" / "store.key", made.data / "store.key");
    }
    return made;
}

pipeline::Committer::Counters counters_of(const std::vector<app::Server>& servers) {
    pipeline::Committer::Counters sum;
    for (const app::Server& server : servers) {
        const pipeline::Committer::Counters counters = server.commit_counters();
        sum.batches += counters.batches;
        sum.reprocessed += counters.reprocessed;
    }
    return sum;
}

double percentile(const std::vector<double>& sorted, double part) {
    const auto last = static_cast<double>(sorted.size() - 1);
    return sorted[static_cast<std::size_t>(std::lround(part * last))];
}

}  // namespace

std::vector<std::size_t> EndToEndRun::batch_sizes() const {
    constexpr std::size_t kParts = 20;
    const double mean = static_cast<double>(messages) / static_cast<double>(batches);
    std::vector<std::size_t> sizes;
    double reached = 0;
    for (std::size_t i = 1; i <= kParts; ++i) {
        const double whole = std::max(1.0, std::round(mean * static_cast<double>(i) - reached));
        sizes.push_back(static_cast<std::size_t>(whole));
        reached += whole;
    }
    return sizes;
}

EndToEndRun run_end_to_end(const EndToEndSettings& settings,
                           std::shared_ptr<const mapping::Configuration> configuration,
                           std::span<const std::string> messages) {
    std::filesystem::remove_all(settings.directory);
    std::vector<app::Server> servers;
    std::vector<std::uint16_t> ports;
    targets::StudyPlace study_place;
    for (std::size_t number = 0; number < settings.nodes; ++number) {
        const app::ServerSettings node = settings_of(settings, number);
        servers.push_back(or_throw(app::Server::start(node, configuration)));
        ports.push_back(servers.back().mllp_port());
        study_place = node.target_place();
    }
    or_throw(servers.front().import_subjects(settings.subjects_csv, "subjects.csv"));

    const pipeline::Committer::Counters before = counters_of(servers);
    EndToEndRun run;
    Clients clients(ports, messages, settings);
    const double cpu = cpu_seconds();
    const auto start = Clock::now();
    const std::vector<double> latencies = clients.finish();
    run.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    run.cpu_cores = (cpu_seconds() - cpu) / run.seconds;
    const pipeline::Committer::Counters after = counters_of(servers);
    for (app::Server& server : servers) {
        server.stop();
    }

    run.messages = latencies.size();
    run.batches = after.batches - before.batches;
    run.reprocessed = after.reprocessed - before.reprocessed;
    run.p50_ms = percentile(latencies, 0.5);
    run.p99_ms = percentile(latencies, 0.99);
    if (!settings.target_paused) {
        const auto study = or_throw(targets::StudyReader::open(study_place));
        run.forwarded = or_throw(study.results()).size();
    }
    return run;
}

}  // namespace labrelay::bench
