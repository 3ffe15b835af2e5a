#include "labrelay/store/lineage_record.hpp"

#include <algorithm>

namespace labrelay::store {
namespace {

constexpr std::uint64_t kWordsAlone = 1;  // a step is a rule and a text
constexpr std::uint64_t kVersion = 2;

class Writer {
public:
    void number(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(0x80 | (value & 0x7f));
        bytes_ += static_cast<char>(value);
    }
    void text(std::string_view value) {
        number(value.size());
        bytes_ += value;
    }
    std::string take() { return std::move(bytes_); }

private:
    std::string bytes_;
};

// Reads what Writer wrote; past the end or out of range it gives zeros and `ok()` is false.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (rest_.empty()) return broken();
            const auto byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7fU} << shift;
            if ((byte & 0x80U) == 0) return value;
        }
        return broken();
    }
    std::string text() {
        const std::uint64_t size = number();
        if (size > rest_.size()) {
            broken();
            return {};
        }
        std::string value(rest_.substr(0, size));
        rest_.remove_prefix(size);
        return value;
    }
    // No item takes less than a byte, so a count beyond the rest is a broken record, not an
    // allocation.
    std::size_t count() {
        const std::uint64_t items = number();
        return items <= rest_.size() ? items : broken();
    }
    bool ok() const { return ok_; }
    bool at_end() const { return rest_.empty(); }

private:
    std::uint64_t broken() {
        ok_ = false;
        rest_ = {};
        return 0;
    }
    std::string_view rest_;
    bool ok_ = true;
};

void write_findings(Writer& out, const std::vector<Finding>& findings) {
    for (const Finding& finding : findings) {
        out.number(static_cast<std::uint64_t>(finding.code));
        out.number(static_cast<std::uint64_t>(finding.severity));
        out.text(finding.place.text);
        out.number(finding.place.offset + 1);  // kNoOffset wraps to 0
        out.text(finding.detail);
        out.text(finding.value);
    }
}

void write_steps(Writer& out, const std::vector<study::LineageStep>& steps) {
    for (const study::LineageStep& step : steps) {
        out.text(step.rule);
        out.number(step.said.phrases.size());
        for (const Phrase& phrase : step.said.phrases) {
            out.text(name_of(phrase.sentence));
            out.number(phrase.parameters.size());
            for (const std::string& parameter : phrase.parameters) out.text(parameter);
            out.number(phrase.continues ? 1 : 0);
        }
        out.number(step.read.size());
        for (const Place& place : step.read) {
            out.text(place.text);
            out.number(place.offset + 1);  // kNoOffset wraps to 0
        }
    }
}

std::vector<Finding> read_findings(Reader& in) {
    std::vector<Finding> findings(in.count());
    for (Finding& finding : findings) {
        finding.code = static_cast<Code>(in.number());
        finding.severity = static_cast<Severity>(in.number());
        finding.place.text = in.text();
        finding.place.offset = in.number() - 1;
        finding.detail = in.text();
        finding.value = in.text();
    }
    return findings;
}

/// A sentence that only a newer version knows is shown as its name and what was filled in.
Said read_phrase(Reader& in) {
    std::string name = in.text();
    std::vector<std::string> parameters(in.count());
    for (std::string& parameter : parameters) parameter = in.text();
    const bool continues = in.number() != 0;
    if (const auto sentence = sentence_named(name))
        return Said{{{*sentence, std::move(parameters), continues}}};
    for (const std::string& parameter : parameters) name += " " + parameter;
    return plain(name);
}

std::vector<study::LineageStep> read_steps(Reader& in, std::uint64_t version) {
    std::vector<study::LineageStep> steps(in.count());
    for (study::LineageStep& step : steps) {
        step.rule = in.text();
        if (version == kWordsAlone) {
            step.said = plain(in.text());
            continue;
        }
        for (std::size_t left = in.count(); left > 0; --left) step.said += read_phrase(in);
        step.read.resize(in.count());
        for (Place& place : step.read) {
            place.text = in.text();
            place.offset = in.number() - 1;
        }
    }
    return steps;
}

}  // namespace

std::string pack_lineage(const study::Proposal& proposal, const study::Outcome& outcome) {
    Writer out;
    out.number(kVersion);
    out.number(outcome.findings.size());
    write_findings(out, outcome.findings);
    out.number(proposal.observations.size());
    for (const study::ProposedObservation& proposed : proposal.observations) {
        static const study::DecidedObservation undecided;
        const auto found =
            std::find_if(outcome.observations.begin(), outcome.observations.end(),
                         [&](const auto& decided) { return decided.ordinal == proposed.ordinal; });
        const auto& decided = found == outcome.observations.end() ? undecided : *found;
        out.number(static_cast<std::uint64_t>(proposed.ordinal));
        out.number(proposed.findings.size() + decided.findings.size());
        write_findings(out, proposed.findings);
        write_findings(out, decided.findings);
        out.number(proposed.lineage.size() + decided.lineage.size());
        write_steps(out, proposed.lineage);
        write_steps(out, decided.lineage);
    }
    return out.take();
}

std::optional<LineageRecord> unpack_lineage(std::string_view packed) {
    Reader in(packed);
    const std::uint64_t version = in.number();
    if (version != kVersion && version != kWordsAlone) return std::nullopt;
    LineageRecord record;
    record.findings = read_findings(in);
    record.observations.resize(in.count());
    for (LineageRecord::Observation& observation : record.observations) {
        observation.ordinal = static_cast<std::int32_t>(in.number());
        observation.findings = read_findings(in);
        observation.steps = read_steps(in, version);
    }
    if (!in.ok() || !in.at_end()) return std::nullopt;
    return record;
}

}  // namespace labrelay::store
