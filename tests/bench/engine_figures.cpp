#include "engine_figures.hpp"

#include <time.h>

#include <chrono>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "labrelay/hl7/charset.hpp"
#include "labrelay/hl7/message.hpp"
#include "labrelay/mapping/registry_files.hpp"
#include "labrelay/pipeline/process.hpp"
#include "labrelay/study/decide.hpp"

namespace labrelay::bench {
namespace {

using Seconds = std::chrono::duration<double>;

/// Time of this thread on a processor: on a machine with other work the figure stays that of one
/// thread.
Seconds thread_time() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return Seconds(static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9);
}

constexpr Seconds kMeasured{1.0};
constexpr Seconds kWarmUp{0.2};

/// How often `step(message)` runs in a second, the messages in turn, after a warm-up.
template <class Step>
double messages_per_second(std::span<const std::string> messages, Step step) {
    std::size_t next = 0;
    const auto run_for = [&](Seconds duration) {
        const auto start = thread_time();
        std::size_t done = 0;
        Seconds taken{0};
        while (taken < duration) {
            for (int i = 0; i < 64; ++i, ++done) {
                step(messages[next]);
                next = (next + 1) % messages.size();
            }
            taken = thread_time() - start;
        }
        return static_cast<double>(done) / taken.count();
    };
    run_for(kWarmUp);
    return run_for(kMeasured);
}

double mean_bytes(std::span<const std::string> messages) {
    std::size_t bytes = 0;
    for (const std::string& message : messages) {
        bytes += message.size();
    }
    return static_cast<double>(bytes) / static_cast<double>(messages.size());
}

/// Keeps the compiler from leaving the work out.
void use(bool value) {
    if (!value) {
        throw std::runtime_error("a message of the benchmark was not accepted");
    }
}

pipeline::Arrival arrival_of(std::int64_t number) {
    pipeline::Arrival arrival;
    // Ids as MessageIdSource gives them at a steady load: 2026, one message a millisecond.
    arrival.message_id = MessageId{((std::int64_t{200'000'000'000} + number) << 22U) + 1};
    arrival.received_at = Instant{(std::int64_t{1'777'777'777'000} + number) * 1000};
    arrival.port = 2575;
    arrival.peer = "127.0.0.1:40000";
    arrival.ack_id = to_base32(arrival.message_id);
    return arrival;
}

}  // namespace

study::Registry registry_of(const std::string& subjects_csv,
                            const mapping::Configuration& configuration) {
    mapping::SubjectsFile file =
        mapping::read_subjects(subjects_csv, "subjects.csv", configuration);
    if (!file.errors.empty()) {
        throw std::runtime_error(describe(file.errors.front()));
    }
    study::Registry registry;
    std::int64_t next = 1;
    for (mapping::SubjectRow& row : file.rows) {
        row.subject.id = SubjectId{next++};
        registry = registry.with(std::move(row.subject));
    }
    return registry;
}

void measure_parse(Report& report, const std::string& name, std::span<const std::string> messages) {
    const double whole = messages_per_second(messages, [](const std::string& bytes) {
        Result<hl7::Decoded> decoded = hl7::decode_message(bytes, hl7::Charset::utf_8);
        use(decoded && hl7::Message::parse(std::move(decoded->text)).has_value());
    });
    const double parsing = messages_per_second(
        messages, [](const std::string& bytes) { use(hl7::Message::parse(bytes).has_value()); });
    const double mega = mean_bytes(messages) / 1e6;
    report.add({fmt::format("parse.{}", name), parsing * mega, "MB/s", 400});
    report.add({fmt::format("parse.{}.messages", name), parsing, "messages/s", {}});
    report.add({fmt::format("decode_and_parse.{}", name), whole * mega, "MB/s", {}});
    report.add({fmt::format("decode_and_parse.{}.messages", name), whole, "messages/s", {}});
    report.add({fmt::format("message_size.{}", name), mean_bytes(messages), "bytes", {}});
}

void measure_process(Report& report, const std::string& name, std::span<const std::string> messages,
                     const Workload& workload) {
    const pipeline::Arrival arrival = arrival_of(1);
    const auto rate = [&](mapping::Lineage lineage) {
        return messages_per_second(messages, [&](const std::string& bytes) {
            use(!pipeline::process(bytes, arrival, *workload.configuration, workload.registry,
                                   lineage)
                     .refused);
        });
    };
    report.add(
        {fmt::format("process.{}", name), rate(mapping::Lineage::left_out), "messages/s", 40000});
    report.add({fmt::format("process.{}.with_lineage", name),
                rate(mapping::Lineage::written),
                "messages/s",
                {}});
}

DecidedMessages::DecidedMessages(Report& report, std::span<const std::string> messages,
                                 const Workload& workload) {
    study::StateView state;
    study::Registry registry = workload.registry;
    const study::StudyRules& rules = workload.configuration->rules();
    Seconds deciding{0};
    std::int64_t received = 0;
    std::int64_t held = 0;
    for (const std::string& bytes : messages) {
        Owned& item = owned_.emplace_back();
        item.arrival = arrival_of(static_cast<std::int64_t>(owned_.size()));
        item.proposal = pipeline::process(bytes, item.arrival, *workload.configuration, registry);
        const auto start = thread_time();
        item.outcome = study::decide({item.proposal, state, rules, registry, {}});
        deciding += thread_time() - start;
        item.answer = pipeline::answer(bytes, item.arrival, item.proposal, item.outcome);
        study::apply(item.proposal, item.outcome, state);
        state.messages.clear();
        // The committer takes them out and writes them to the registry.
        for (const study::LearnedSpecimen& learned : std::exchange(item.outcome.learned, {})) {
            registry = registry.with(learned.specimen);
        }
        // Random counts contradict each other now and then and are held, as real ones are.
        held += item.outcome.counts.held;
        received += item.outcome.counts.received;
        use(item.outcome.counts.ignored == 0);
        items_.push_back({bytes, item.arrival, item.proposal, item.outcome, item.answer});
    }
    report.add(
        {"decide", static_cast<double>(messages.size()) / deciding.count(), "messages/s", {}});
    report.add({"decide.held",
                100.0 * static_cast<double>(held) / static_cast<double>(received),
                "% of results",
                {}});
}

}  // namespace labrelay::bench
