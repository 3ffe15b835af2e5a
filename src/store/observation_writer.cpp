#include "observation_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "version_columns.hpp"

namespace labrelay::store {
namespace {

using pipeline::CommitItem;
using study::DecidedObservation;
using study::Disposition;
using study::ProposedObservation;

struct Owner {
    std::int64_t subject = 0;
    std::int64_t number = 0;
    const study::StoredVersion* version = nullptr;  // as decide() made it: a U carries its value
};

// Which result each observation of the message became a version of: the first subject's, where
// several studies take it. The other results name the observation in their own rows.
std::map<std::int32_t, Owner> owners_of(const CommitItem& item) {
    std::map<std::int32_t, Owner> owners;
    for (const study::ResultChange& change : item.outcome.changes) {
        if (!change.after.key.derived.empty() || !study::stands(change.after.taken)) continue;
        for (const study::StoredVersion& version : change.after.versions) {
            if (version.id.message != item.arrival.message_id) continue;
            owners.try_emplace(version.id.ordinal, Owner{change.after.key.subject.value,
                                                         change.after.number, &version});
        }
    }
    return owners;
}

const std::string& insert_sql() {
    static const std::string sql = fmt::format(
        "INSERT INTO observation(message_id, ordinal, disposition, rule, place, "
        "place_offset, config_id, subject_id, number, specimen_id, code_id, code_system_id, "
        "code_text_id, sub_id, device_id, repeat_message, repeat_ordinal, {}) VALUES ({})",
        kVersionColumns, placeholders(17 + kVersionColumnCount));
    return sql;
}

// A patient in no trial: that there was an observation, and under which code.
ProposedObservation without_values(const ProposedObservation& full) {
    ProposedObservation bare;
    bare.ordinal = full.ordinal;
    bare.place = full.place;
    bare.code = full.code;
    bare.code_system = full.code_system;
    bare.code_text = full.code_text;
    bare.status = full.status;
    bare.status_code = full.status_code;
    return bare;
}

struct Line {
    const ProposedObservation& proposed;
    const DecidedObservation& decided;
    std::optional<Owner> owner;
};

void write_line(StoreWriter::Core& core, const CommitItem& item, const Line& line) {
    const ProposedObservation& proposed = line.proposed;
    std::optional<std::int64_t> offset;
    if (proposed.place.offset != Place::kNoOffset)
        offset = static_cast<std::int64_t>(proposed.place.offset);
    std::optional<std::int64_t> subject;
    std::optional<std::int64_t> number;
    if (line.owner) {
        subject = line.owner->subject;
        number = line.owner->number;
    } else if (!proposed.subjects.empty()) {
        subject = proposed.subjects.front().value;
    }
    std::optional<std::int64_t> specimen;
    if (!proposed.specimen.empty())
        specimen = core.specimen(core.term(item.proposal.source), proposed.specimen);
    std::optional<std::int64_t> repeat_message;
    std::optional<int> repeat_ordinal;
    if (line.decided.repeat_of) {
        repeat_message = line.decided.repeat_of->message.value;
        repeat_ordinal = line.decided.repeat_of->ordinal;
    }
    const std::int64_t configuration = core.configuration(item.proposal.config_hash);
    const std::int64_t code = core.term(proposed.code);
    const std::int64_t system = core.term(proposed.code_system);
    const std::int64_t code_text = core.term(proposed.code_text);
    const std::int64_t device = core.term(proposed.device);
    const VersionRow version =
        line.owner
            ? VersionRow(core.adder(), core.terms, *line.owner->version, item.proposal.forwards)
            : VersionRow(core.adder(), core.terms, proposed, item.proposal.forwards);
    auto insert = core.db().prepare(insert_sql().c_str());
    insert.bind(item.arrival.message_id.value, proposed.ordinal,
                disposition_text(line.decided.disposition), static_cast<int>(line.decided.rule),
                proposed.place.text, offset, configuration, subject, number, specimen, code, system,
                code_text, proposed.sub_id, device, repeat_message, repeat_ordinal);
    version.bind_to(insert);
    insert.run();
}

struct PriorLine {
    Disposition disposition;
    int rule;
    bool is_version;  // of some study's result, though another study holds it
};

std::map<std::int32_t, PriorLine> read_prior(StoreWriter::Core& core, MessageId message) {
    std::map<std::int32_t, PriorLine> prior;
    auto query = core.db().prepare(
        "SELECT ordinal, disposition, rule, number FROM observation WHERE message_id = ?");
    query.bind(message.value);
    while (query.step())
        prior.emplace(
            static_cast<std::int32_t>(query.integer(0)),
            PriorLine{disposition_from(query.text(1)), query.small(2), !query.is_null(3)});
    return prior;
}

// A version is never overwritten: only where the line stands changes.
void write_disposition(StoreWriter::Core& core, MessageId message,
                       const DecidedObservation& decided) {
    core.db()
        .prepare(
            "UPDATE observation SET disposition = ?, rule = ? "
            "WHERE message_id = ? AND ordinal = ?")
        .bind(disposition_text(decided.disposition), static_cast<int>(decided.rule), message.value,
              decided.ordinal)
        .run();
}

// What is no version is written anew.
void remove_line(StoreWriter::Core& core, ObservationId id) {
    core.db()
        .prepare("DELETE FROM observation WHERE message_id = ? AND ordinal = ?")
        .bind(id.message.value, id.ordinal)
        .run();
}

// Writes the lines for which `wanted` is true.
template <class Wanted>
void write_lines(StoreWriter::Core& core, const CommitItem& item, const Wanted& wanted) {
    const auto owners = owners_of(item);
    const bool bare = of_nobody_registered(item.outcome);
    for (const DecidedObservation& decided : item.outcome.observations) {
        if (!wanted(decided)) continue;
        const auto proposed = std::ranges::find_if(
            item.proposal.observations,
            [&](const auto& candidate) { return candidate.ordinal == decided.ordinal; });
        if (proposed == item.proposal.observations.end())
            throw pipeline::StoreFault("an outcome decides on an observation that was not proposed",
                                       true);
        std::optional<Owner> owner;
        if (const auto found = owners.find(decided.ordinal); found != owners.end())
            owner = found->second;
        if (bare) {
            const ProposedObservation stripped = without_values(*proposed);
            write_line(core, item, {stripped, decided, owner});
        } else {
            write_line(core, item, {*proposed, decided, owner});
        }
    }
}

}  // namespace

bool of_nobody_registered(const study::Outcome& outcome) {
    bool not_registered = std::ranges::any_of(outcome.findings, [](const Finding& finding) {
        return finding.code == Code::not_registered;
    });
    for (const DecidedObservation& decided : outcome.observations) {
        if (decided.disposition != Disposition::ignored) return false;
        not_registered = not_registered || decided.rule == Code::not_registered;
    }
    return not_registered;
}

std::string_view disposition_text(Disposition disposition) {
    switch (disposition) {
        case Disposition::stored:
            return "S";
        case Disposition::held:
            return "H";
        case Disposition::ignored:
            break;
    }
    return "I";
}

char disposition_letter(Disposition disposition) {
    return disposition_text(disposition).front();
}

Disposition disposition_from(std::string_view letter) {
    if (letter == "S") return Disposition::stored;
    return letter == "H" ? Disposition::held : Disposition::ignored;
}

void insert_observations(StoreWriter::Core& core, const CommitItem& item) {
    write_lines(core, item, [](const DecidedObservation&) { return true; });
}

std::string update_observations(StoreWriter::Core& core, const CommitItem& item) {
    const auto prior = read_prior(core, item.arrival.message_id);
    const auto owners = owners_of(item);
    std::string moves;
    write_lines(core, item, [&](const DecidedObservation& decided) {
        const auto before = prior.find(decided.ordinal);
        if (before == prior.end()) return true;
        const bool stored = before->second.disposition == Disposition::stored;
        if (stored && !decided.anew) return false;
        if (before->second.disposition != decided.disposition ||
            before->second.rule != static_cast<int>(decided.rule))
            fmt::format_to(std::back_inserter(moves), "{}{}:{}:{}>{}:{}", moves.empty() ? "" : " ",
                           decided.ordinal, study::to_string(before->second.disposition),
                           before->second.rule, study::to_string(decided.disposition),
                           static_cast<int>(decided.rule));
        // A version that was taken away and came back is written as it is now; what stands where it
        // stood stays.
        const bool back = decided.anew && decided.disposition == Disposition::stored;
        if (back && !owners.contains(decided.ordinal)) return false;
        if (before->second.is_version && !back) {
            write_disposition(core, item.arrival.message_id, decided);
            return false;
        }
        remove_line(core, {item.arrival.message_id, decided.ordinal});
        return true;
    });
    return moves;
}

}  // namespace labrelay::store
