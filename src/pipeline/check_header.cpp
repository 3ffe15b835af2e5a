#include "check_header.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <fmt/format.h>

namespace labrelay::pipeline {
namespace {

struct AcceptedType {
    std::string_view code;
    std::string_view event;
};
constexpr std::array kAcceptedTypes{
    AcceptedType{"ORU", "R01"}, AcceptedType{"ORU", "R30"}, AcceptedType{"ORU", "R31"},
    AcceptedType{"ORU", "R32"}, AcceptedType{"OUL", "R21"}, AcceptedType{"OUL", "R22"},
    AcceptedType{"OUL", "R23"}, AcceptedType{"OUL", "R24"},
};

std::string_view event_of(const hl7::Header& header) {
    const bool is_plain_result = header.message_code == "ORU" && header.trigger_event.empty();
    return is_plain_result ? std::string_view("R01") : std::string_view(header.trigger_event);
}

class HeaderCheck {
public:
    HeaderCheck(const hl7::Message& message, const hl7::Header& header,
                const mapping::SourceDefinition* source, mapping::UnknownSource unknown_source)
        : message_(message), header_(header), source_(source), unknown_source_(unknown_source) {}

    HeaderVerdict run() {
        if (header_.message_code == "ACK") {
            reject(Code::ack_received, "MSH-9.1", 9);
            return std::move(verdict_);
        }
        check_type();
        if (header_.control_id.empty()) {
            refuse(Code::control_id_missing, "MSH-10", 10);
        }
        check_processing_id();
        check_version();
        check_source();
        return std::move(verdict_);
    }

private:
    void check_type() {
        if (header_.message_code.empty()) {
            refuse(Code::type_missing, "MSH-9", 9);
            return;
        }
        const auto same_code = [&](const AcceptedType& type) {
            return type.code == header_.message_code;
        };
        const auto same_type = [&](const AcceptedType& type) {
            return same_code(type) && type.event == event_of(header_);
        };
        if (std::none_of(kAcceptedTypes.begin(), kAcceptedTypes.end(), same_code)) {
            reject(Code::type_unsupported, "MSH-9.1", 9);
        } else if (std::none_of(kAcceptedTypes.begin(), kAcceptedTypes.end(), same_type)) {
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
        if (header_.version.empty()) {
            add(Code::version_missing, Severity::warning, "MSH-12", 12);
        } else if (hl7::version_number(header_.version) == 0) {
            reject(Code::version_unsupported, "MSH-12.1", 12);
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
    HeaderVerdict verdict_;
};

}  // namespace

HeaderVerdict check_header(const hl7::Message& message, const hl7::Header& header,
                           const mapping::SourceDefinition* source,
                           mapping::UnknownSource unknown_source) {
    return HeaderCheck(message, header, source, unknown_source).run();
}

std::string message_type(const hl7::Header& header) {
    const std::string_view event = event_of(header);
    return event.empty() ? header.message_code : fmt::format("{}^{}", header.message_code, event);
}

}  // namespace labrelay::pipeline
