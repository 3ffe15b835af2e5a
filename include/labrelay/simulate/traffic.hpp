#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace labrelay::simulate {

enum class TrafficSource : std::uint8_t {
    facs_lyric,        ///< ORU^R01 2.5
    lis_qilu_gb18030,  ///< ORU^R01 2.4 as the hospital sends it
    lis_qilu_utf8,     ///< the same in UTF-8
};

/// Endless traffic for benchmarks and the kill test: message k is the same on every machine, every
/// message is unique (control id, specimen, time of collection), carries ten observations of a
/// registered subject, and every observation can be stored. Immutable; safe to share between
/// threads.
class Traffic {
public:
    explicit Traffic(TrafficSource source, std::uint64_t seed = 5872659,
                     std::size_t subjects = 1000)
        : source_(source), seed_(seed), subjects_(subjects) {}

    static constexpr int kObservations = 10;

    /// What has to be registered before the first message.
    std::string subjects_csv() const;
    /// MSH-10 of message `number`.
    std::string control_id(std::uint64_t number) const;
    /// Segments end with CR, no MLLP framing. Subjects take turns; a subject's blood is drawn once
    /// a day from its screening on, so that the messages spread over its visits.
    std::string message(std::uint64_t number) const;

private:
    TrafficSource source_;
    std::uint64_t seed_;
    std::size_t subjects_;
};

}  // namespace labrelay::simulate
