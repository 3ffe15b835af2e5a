#include "check_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "labrelay/pipeline/ack_condition.hpp"

namespace labrelay::pipeline {
namespace {

constexpr std::int64_t kDayUs = 86'400'000'000;

bool is_response(const hl7::Header& header) {
    return kind_of(header) == MessageKind::response;
}

/// The moment that MSH-7 names; nothing where it has no time of day or cannot be read.
std::optional<Instant> sent_at(const hl7::Header& header, const mapping::SourceDefinition& source) {
    const Result<Timestamp> written = parse_hl7_time(header.time);
    if (!written || !written->has_time()) {
        return std::nullopt;
    }
    if (source.zone) {
        const Result<LocalTime> local = source.zone->local(*written);
        return local ? local->instant : std::nullopt;
    }
    return std::nullopt;
}

class HeaderCheck {
public:
    explicit HeaderCheck(const HeaderQuestion& question)
        : message_(question.message),
          header_(question.header),
          source_(question.source),
          unknown_source_(question.unknown_source),
          arrival_(question.arrival) {}

    HeaderVerdict run() {
        verdict_.kind = kind_of(header_);
        if (verdict_.kind == MessageKind::response) {
            reject(Code::ack_received, "MSH-9.1", 9);
            return std::move(verdict_);
        }
        read_sequence();
        check_type();
        if (header_.control_id.empty()) {
            refuse(Code::control_id_missing, "MSH-10", 10);
        }
        check_processing_id();
        check_version();
        check_conditions();
        check_source();
        if (!verdict_.refused) {
            note_oddities();
        }
        return std::move(verdict_);
    }

private:
    /// MSH-13 of a source that is counted.
    void read_sequence() {
        if (source_ == nullptr || !source_->sequence) {
            return;
        }
        study::SequenceClaim& claim = verdict_.sequence.emplace();
        const std::string& text = header_.sequence_number;
        if (text.empty()) {
            return;
        }
        std::int64_t number = 0;
        const char* const end = text.data() + text.size();
        const auto [rest, error] = std::from_chars(text.data(), end, number);
        if (error != std::errc{} || rest != end || number < -1) {
            refuse(Code::sequence_bad, "MSH-13", 13);
        } else {
            claim.number = number;
        }
    }
    /// A link is begun by a message without type and content (chapter 2.10.1).
    bool begins_link() const {
        return verdict_.sequence && verdict_.sequence->number && *verdict_.sequence->number < 1;
    }
    void check_type() {
        if (header_.message_code.empty()) {
            if (!begins_link()) {
                refuse(Code::type_missing, "MSH-9", 9);
            }
            return;
        }
        if (verdict_.kind == MessageKind::unknown_type) {
            reject(Code::type_unsupported, "MSH-9.1", 9);
        } else if (verdict_.kind == MessageKind::unknown_event) {
            reject(Code::event_unsupported, "MSH-9.2", 9);
        }
    }
    /// A message that does not say that it is production is not taken for one, and a live source
    /// takes nothing else.
    void check_processing_id() {
        verdict_.test = header_.processing_id == "T" || header_.processing_id == "D";
        const bool live = source_ != nullptr && source_->mode == mapping::SourceMode::live;
        if (verdict_.test ? live : header_.processing_id != "P") {
            reject(Code::processing_id_bad, "MSH-11.1", 11);
        }
    }
    void check_version() {
        if (hl7::version_number(header_.version) != 0) {
            return;
        }
        if (source_ != nullptr && !source_->hl7_version.empty()) {
            add(Code::version_assumed, Severity::note, "MSH-12", 12);
        } else if (header_.version.empty()) {
            add(Code::version_missing, Severity::warning, "MSH-12", 12);
        } else {
            reject(Code::version_unsupported, "MSH-12.1", 12);
        }
    }
    void check_conditions() {
        if (ack_condition(header_.accept_ack) == AckCondition::unknown) {
            refuse(Code::ack_condition_unknown, "MSH-15", 15);
        }
        if (ack_condition(header_.application_ack) == AckCondition::unknown) {
            refuse(Code::ack_condition_unknown, "MSH-16", 16);
        }
    }
    void check_source() {
        if (source_ == nullptr && unknown_source_ == mapping::UnknownSource::hold) {
            add(Code::source_unknown, Severity::hold, "MSH-3", 3);
        } else if (source_ == nullptr) {
            reject(Code::source_unknown, "MSH-3", 3);
        } else if (source_->mode == mapping::SourceMode::off) {
            reject(Code::source_off, "MSH-3", 3);
        }
    }
    /// What is said of a message that is taken.
    void note_oddities() {
        if (!structure_fits(header_)) {
            add(Code::structure_differs, Severity::note, "MSH-9.3", 9);
        }
        // T, and nothing, is current processing (table 0207).
        if (!header_.processing_mode.empty() && header_.processing_mode != "T") {
            add(Code::processing_mode, Severity::note, "MSH-11.2", 11);
        }
        check_clock();
        if (!header_.continuation.empty()) {
            add(Code::message_continued, Severity::hold, "MSH-14", 14);
        } else if (message_.count("DSC") > 0 || message_.count("ADD") > 0) {
            add(Code::message_continued, Severity::hold, "MSH", 1);
        }
    }
    /// Only where the message came to us by itself: a file may be as old as it likes.
    void check_clock() {
        if (arrival_.peer.empty() || source_ == nullptr) {
            return;
        }
        const std::optional<Instant> sent = sent_at(header_, *source_);
        if (!sent) {
            return;
        }
        const std::int64_t difference = arrival_.received_at.microseconds - sent->microseconds;
        if (difference > kDayUs || difference < -kDayUs) {
            add(Code::clock_skew, Severity::warning, "MSH-7", 7);
        }
    }

    void reject(Code code, std::string_view place, std::size_t field) {
        verdict_.reject = true;
        refuse(code, place, field);
    }
    void refuse(Code code, std::string_view place, std::size_t field) {
        verdict_.refused = true;
        add(code, Severity::refuse, place, field);
    }
    void add(Code code, Severity severity, std::string_view place, std::size_t field) {
        const std::size_t offset = message_.header().field(field).offset();
        verdict_.findings.push_back({code,
                                     severity,
                                     {std::string(place), offset == Place::kNoOffset ? 0 : offset},
                                     {},
                                     {}});
    }

    const hl7::Message& message_;
    const hl7::Header& header_;
    const mapping::SourceDefinition* source_;
    mapping::UnknownSource unknown_source_;
    const Arrival& arrival_;
    HeaderVerdict verdict_;
};

}  // namespace

HeaderVerdict check_header(const HeaderQuestion& question) {
    return HeaderCheck(question).run();
}

study::AckRequest ack_request(const hl7::Header& header, const mapping::SourceDefinition* source) {
    study::AckRequest request;
    request.accept = header.accept_ack;
    request.application = header.application_ack;
    request.silent = is_response(header);
    if (source != nullptr) {
        request.assumed_version = source->hl7_version;
        request.apart = source->replies_apart;
        request.store_failure = source->store_failure;
    }
    return request;
}

std::string message_type(const hl7::Header& header) {
    const std::string_view event = event_of(header);
    return event.empty() ? header.message_code : fmt::format("{}^{}", header.message_code, event);
}

}  // namespace labrelay::pipeline
