#include "labrelay/pipeline/process.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "check_header.hpp"
#include "labrelay/hl7/binding.hpp"
#include "labrelay/hl7/charset.hpp"
#include "labrelay/hl7/header.hpp"
#include "labrelay/mapping/identifier_news.hpp"
#include "labrelay/mapping/map_order.hpp"
#include "sameness.hpp"

namespace labrelay::pipeline {
namespace {

using mapping::Configuration;
using mapping::SourceDefinition;
using mapping::SourceMode;
using study::Disposition;
using study::Proposal;

void describe(Proposal& proposal, const hl7::Header& header) {
    proposal.control_id = header.control_id;
    proposal.message_type = message_type(header);
    proposal.version = header.version;
    proposal.message_time = header.time;
}

void describe(Proposal& proposal, const SourceDefinition& source) {
    proposal.source = source.id;
    proposal.strict = source.strict;
    proposal.ignored_retention_days = source.ignored_retention_days;
}

hl7::CharsetDefault undeclared_charset(const SourceDefinition* source, const Arrival& arrival) {
    if (source == nullptr || (arrival.batch && arrival.batch->marked)) {
        return hl7::Charset::utf_8;
    }
    return {source->charset, source->charset_fallback};
}

hl7::ParseOptions parse_options(const SourceDefinition* source, hl7::Charset charset) {
    hl7::ParseOptions options;
    options.charset = charset;
    if (source != nullptr) {
        options.loose_segment_names = source->loose_segment_names;
        options.join_broken_lines = source->join_broken_lines;
    }
    return options;
}

/// What holds the batch comes first, because the first finding that holds is the rule.
void add_findings_of_bytes(Proposal& proposal, const hl7::Message& message,
                           const hl7::Decoded& decoded, const Arrival& arrival) {
    if (arrival.batch && arrival.batch->hold != Code::none) {
        proposal.findings.push_back({arrival.batch->hold, Severity::hold, {"BTS", 0}, {}, {}});
        // The batch that is sent again with the right count is not the same.
        proposal.sameness.front() ^= 0xFFU;
    }
    if (decoded.fell_back) {
        proposal.findings.push_back({Code::charset_fallback,
                                     Severity::note,
                                     {"MSH-18", 0},
                                     std::string(hl7::hl7_name(decoded.charset)),
                                     {}});
    }
    proposal.findings.insert(proposal.findings.end(), message.findings().begin(),
                             message.findings().end());
    std::vector<Finding> escapes = hl7::find_unknown_escapes(message);
    proposal.findings.insert(proposal.findings.end(), std::make_move_iterator(escapes.begin()),
                             std::make_move_iterator(escapes.end()));
}

/// Bytes that could not be decoded or parsed: everything that is still known of them, and why.
Proposal refuse_unread(Proposal proposal, std::string_view bytes, const hl7::Header& header,
                       const SourceDefinition* source, const Error& error) {
    describe(proposal, header);
    if (source != nullptr) {
        describe(proposal, *source);
    }
    proposal.ack = ack_request(header, source);
    proposal.sameness = sameness_of(bytes);
    proposal.refused = true;
    if (proposal.ack.silent) {
        proposal.findings.push_back(
            {Code::ack_received, Severity::refuse, Place{"MSH-9.1", 0}, {}, {}});
    } else if (source != nullptr && !source->answers_unreadable) {
        proposal.ack.silent = true;
    }
    proposal.findings.push_back({error.code, Severity::refuse, error.place, error.detail, {}});
    return proposal;
}

/// What nothing of the message may become a value for; the mapping was still tried and can be
/// looked at.
void ignore_all(Proposal& proposal, Code rule, mapping::Lineage lineage) {
    for (study::ProposedObservation& observation : proposal.observations) {
        observation.disposition = Disposition::ignored;
        observation.rule = rule;
        if (lineage == mapping::Lineage::written) {
            observation.lineage.push_back({std::string(key(rule)), say(rule)});
        }
    }
    proposal.learned.clear();
    proposal.notices.clear();
}

/// What a person said is not for the study is not, whatever became of it; and a message whose
/// specimen a person gave to another subject teaches nobody whose it is.
void apply_decisions(Proposal& proposal, std::span<const study::Overlay> overlays,
                     mapping::Lineage lineage) {
    for (study::ProposedObservation& observation : proposal.observations) {
        if (study::decision(overlays, observation.ordinal, study::OverlayKind::ignore) == nullptr) {
            continue;
        }
        observation.disposition = Disposition::ignored;
        observation.rule = Code::not_for_study;
        observation.findings.push_back(
            {Code::not_for_study, Severity::note, observation.place, {}, {}});
        if (lineage == mapping::Lineage::written) {
            observation.lineage.push_back(
                {std::string(key(Code::not_for_study)), say(Code::not_for_study)});
        }
    }
    const bool given = std::ranges::any_of(overlays, [](const study::Overlay& overlay) {
        return !overlay.ended && overlay.kind == study::OverlayKind::subject;
    });
    if (given) {
        proposal.learned.clear();
    }
}

/// Nobody of the message is in a registry: it may go when its source's retention is over, and is
/// processed again when one of them is registered.
void take_news(Proposal& proposal, mapping::IdentifierNews news) {
    proposal.notices = std::move(news.notices);
    proposal.unknown_patients = std::move(news.unknown_patients);
    if (!proposal.unknown_patients.empty()) {
        proposal.findings.push_back(
            {Code::not_registered, Severity::note, Place{"PID-3", Place::kNoOffset}, {}, {}});
    }
}

mapping::MappedMessage map_by_kind(Proposal& proposal, const mapping::MappingContext& context,
                                   MessageKind kind) {
    switch (kind) {
        case MessageKind::result:
            return mapping::map_message(context);
        case MessageKind::order:
            if (context.source.teaches_specimens) {
                take_news(proposal, mapping::read_patients(context));
            }
            return mapping::map_without_results(context, true);
        case MessageKind::patient:
            take_news(proposal, mapping::read_new_identifiers(context));
            break;
        case MessageKind::merge:
            take_news(proposal, mapping::read_merges(context));
            break;
        // The first message of a counted link has no type; the others are refused.
        case MessageKind::response:
        case MessageKind::unknown_event:
        case MessageKind::unknown_type:
            break;
    }
    return mapping::map_without_results(context, false);
}

/// Every OBX of a message that no source fits, so that none is missing from the balance.
void hold_all(Proposal& proposal, const hl7::Message& message) {
    std::int32_t ordinal = 0;
    for (const hl7::ObservationBinding& binding : hl7::bind_observations(message)) {
        study::ProposedObservation& observation = proposal.observations.emplace_back();
        const hl7::Segment obx = message.segment(binding.obx);
        observation.ordinal = ++ordinal;
        observation.place = {fmt::format("OBX[{}]", ordinal), obx.offset()};
        observation.rule = Code::source_unknown;
        observation.code = obx.field(3).component(1).text();
        observation.code_text = obx.field(3).component(2).text();
        observation.code_system = obx.field(3).component(3).text();
        observation.sub_id = obx.field(4).text();
    }
}

void map_content(Proposal& proposal, const mapping::MappingContext& context,
                 const HeaderVerdict& verdict) {
    mapping::MappedMessage mapped = map_by_kind(proposal, context, verdict.kind);
    proposal.observations = std::move(mapped.observations);
    proposal.learned = std::move(mapped.learned);
    proposal.findings.insert(proposal.findings.end(),
                             std::make_move_iterator(mapped.findings.begin()),
                             std::make_move_iterator(mapped.findings.end()));
    proposal.notices.insert(proposal.notices.end(), std::make_move_iterator(mapped.notices.begin()),
                            std::make_move_iterator(mapped.notices.end()));
    if (verdict.test) {
        ignore_all(proposal, Code::test_message, context.lineage);
    } else if (context.source.mode == SourceMode::test) {
        ignore_all(proposal, Code::source_not_live, context.lineage);
    }
    proposal.forwards = !verdict.test && context.source.mode == SourceMode::live;
}

/// In 2.1 and 2.2 MSH-9 of a patient message may be ADT alone; the event then stands in EVN-1.
hl7::Header read_header_of(const hl7::Message& message) {
    hl7::Header header = hl7::read_header(message);
    if (header.message_code == "ADT" && header.trigger_event.empty()) {
        if (const auto event = message.find("EVN")) {
            header.trigger_event = event->field(1).component(1).text();
        }
    }
    return header;
}

}  // namespace

Proposal process(std::string_view bytes, const Arrival& arrival, const Configuration& configuration,
                 const study::Registry& registry, mapping::Lineage lineage,
                 std::span<const study::Overlay> overlays) {
    Proposal proposal;
    proposal.message_id = arrival.message_id;
    proposal.received_at = arrival.received_at;
    proposal.config_hash = configuration.hash();
    proposal.registry_version = registry.version();
    proposal.registry_stamp = registry.stamp();

    // The source says what an empty MSH-18 means, so it is looked for before anything is decoded.
    const hl7::Header early = hl7::read_header_of_unreadable(bytes);
    const mapping::WayIn way{arrival.port, arrival.peer, arrival.certificate};
    const SourceDefinition* source = configuration.recognise(early, way);
    if (hl7::header_too_long(bytes)) {
        proposal.reject = true;
        return refuse_unread(std::move(proposal), bytes, early, source,
                             {Code::header_too_long, {"MSH", 0}, {}});
    }
    Result<hl7::Decoded> decoded = hl7::decode_message(bytes, undeclared_charset(source, arrival));
    if (!decoded) {
        return refuse_unread(std::move(proposal), bytes, early, source, decoded.error());
    }
    const Result<hl7::Message> parsed =
        hl7::Message::parse(std::move(decoded->text), parse_options(source, decoded->charset));
    if (!parsed) {
        proposal.reject = true;
        return refuse_unread(std::move(proposal), bytes, early, source, parsed.error());
    }
    const hl7::Message& message = *parsed;
    const hl7::Header header = read_header_of(message);
    source = configuration.recognise(header, way);
    describe(proposal, header);
    if (source != nullptr) {
        describe(proposal, *source);
    }
    proposal.sameness = sameness_of(message);

    proposal.ack = ack_request(header, source);
    HeaderVerdict verdict =
        check_header({message, header, source, configuration.unknown_source(), arrival});
    proposal.sequence = verdict.sequence;
    add_findings_of_bytes(proposal, message, *decoded, arrival);
    proposal.findings.insert(proposal.findings.end(),
                             std::make_move_iterator(verdict.findings.begin()),
                             std::make_move_iterator(verdict.findings.end()));
    proposal.refused = verdict.refused;
    proposal.reject = verdict.reject;
    if (!proposal.refused && source == nullptr) {
        hold_all(proposal, message);
        if (verdict.test) {
            ignore_all(proposal, Code::test_message, lineage);
        }
    } else if (!proposal.refused) {
        map_content(
            proposal,
            {configuration, *source, registry, message, arrival.received_at, lineage, overlays},
            verdict);
        if (proposal.observations.empty()) {
            proposal.findings.push_back({Code::no_observations, Severity::note, {}, {}, {}});
        }
    }
    apply_decisions(proposal, overlays, lineage);
    return proposal;
}

}  // namespace labrelay::pipeline
