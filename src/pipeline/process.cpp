#include "labrelay/pipeline/process.hpp"

#include <optional>
#include <utility>

#include "check_header.hpp"
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
            observation.lineage.push_back({std::string(key(rule)), std::string(entry(rule).text)});
        }
    }
    proposal.learned.clear();
    proposal.notices.clear();
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

void map_content(Proposal& proposal, const mapping::MappingContext& context,
                 const HeaderVerdict& verdict) {
    mapping::MappedMessage mapped = map_by_kind(proposal, context, verdict.kind);
    proposal.observations = std::move(mapped.observations);
    proposal.learned = std::move(mapped.learned);
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
                 const study::Registry& registry, mapping::Lineage lineage) {
    Proposal proposal;
    proposal.message_id = arrival.message_id;
    proposal.received_at = arrival.received_at;
    proposal.config_hash = configuration.hash();
    proposal.registry_version = registry.version();

    // The source says what an empty MSH-18 means, so it is looked for before anything is decoded.
    const hl7::Header early = hl7::read_header_of_unreadable(bytes);
    const SourceDefinition* source = configuration.recognise(early, arrival.port);
    Result<hl7::Decoded> decoded =
        hl7::decode_message(bytes, source != nullptr ? source->charset : hl7::Charset::utf_8);
    if (!decoded) {
        return refuse_unread(std::move(proposal), bytes, early, source, decoded.error());
    }
    const Result<hl7::Message> parsed = hl7::Message::parse(std::move(decoded->text));
    if (!parsed) {
        proposal.reject = true;
        return refuse_unread(std::move(proposal), bytes, early, source, parsed.error());
    }
    const hl7::Message& message = *parsed;
    const hl7::Header header = read_header_of(message);
    source = configuration.recognise(header, arrival.port);
    describe(proposal, header);
    if (source != nullptr) {
        describe(proposal, *source);
    }
    proposal.sameness = sameness_of(message);

    proposal.ack = ack_request(header, source);
    HeaderVerdict verdict = check_header({message, header, source, arrival});
    proposal.sequence = verdict.sequence;
    proposal.findings = message.findings();
    proposal.findings.insert(proposal.findings.end(),
                             std::make_move_iterator(verdict.findings.begin()),
                             std::make_move_iterator(verdict.findings.end()));
    proposal.refused = verdict.refused;
    proposal.reject = verdict.reject;
    if (!proposal.refused) {
        map_content(proposal,
                    {configuration, *source, registry, message, arrival.received_at, lineage},
                    verdict);
        if (proposal.observations.empty()) {
            proposal.findings.push_back({Code::no_observations, Severity::note, {}, {}, {}});
        }
    }
    return proposal;
}

}  // namespace labrelay::pipeline
