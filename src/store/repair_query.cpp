#include "labrelay/store/repair_query.hpp"

#include <array>
#include <map>
#include <set>
#include <utility>

#include "message_reader.hpp"
#include "overlay_tables.hpp"
#include "read_core.hpp"
#include "read_transaction.hpp"
#include "result_reader.hpp"

namespace labrelay::store {
namespace {

constexpr std::array<std::pair<RepairState, std::string_view>, 4> kStates{{
    {RepairState::queued, "queued"},
    {RepairState::running, "running"},
    {RepairState::done, "done"},
    {RepairState::stopped, "stopped"},
}};

constexpr const char* kColumns =
    "SELECT repair_id, problem_id, kind, state, total, actor, reason, request, created_us, "
    "started_us, ended_us, version FROM repair_job";

RepairRow read_row(const Query& row) {
    RepairRow repair;
    repair.id = row.integer(0);
    if (const auto problem = row.optional_integer(1)) repair.problem = ProblemId{*problem};
    repair.kind = row.string(2);
    for (const auto& [state, text] : kStates)
        if (text == row.text(3)) repair.state = state;
    repair.total = row.integer(4);
    repair.actor = row.string(5);
    repair.reason = row.string(6);
    repair.request = row.string(7);
    repair.created = Instant{row.integer(8)};
    if (const auto started = row.optional_integer(9)) repair.started = Instant{*started};
    if (const auto ended = row.optional_integer(10)) repair.ended = Instant{*ended};
    repair.version = row.integer(11);
    return repair;
}

void count_ends(Connection& database, RepairRow& repair) {
    auto query = database.prepare(
        "SELECT disposition, count(*) FROM repair_item WHERE repair_id = ? "
        "AND disposition IS NOT NULL GROUP BY disposition");
    query.bind(repair.id);
    while (query.step()) {
        const std::string_view end = query.text(0);
        const std::int64_t count = query.integer(1);
        if (end == "S") repair.stored = count;
        if (end == "H") repair.held = count;
        if (end == "I") repair.ignored = count;
        if (end == "F") repair.failed = count;
    }
}

}  // namespace

std::string_view to_string(RepairState state) {
    for (const auto& [known, text] : kStates)
        if (known == state) return text;
    return {};
}

std::optional<RepairRow> repair(ReadSession& session, std::int64_t id) {
    static const std::string sql = std::string(kColumns) + " WHERE repair_id = ?";
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    std::optional<RepairRow> row;
    {
        auto query = database.prepare(sql.c_str());
        query.bind(id);
        if (!query.step()) return std::nullopt;
        row = read_row(query);
    }
    count_ends(database, *row);
    return row;
}

std::vector<RepairRow> repairs_of(ReadSession& session, ProblemId problem, std::size_t limit) {
    static const std::string sql =
        std::string(kColumns) + " WHERE problem_id = ? ORDER BY repair_id DESC LIMIT ?";
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    std::vector<RepairRow> rows;
    {
        auto query = database.prepare(sql.c_str());
        query.bind(problem.value, static_cast<std::int64_t>(limit));
        while (query.step()) rows.push_back(read_row(query));
    }
    for (RepairRow& row : rows) count_ends(database, row);
    return rows;
}

std::vector<MovingRepair> moving_repairs(ReadSession& session, Instant ended_since) {
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    std::map<std::int64_t, std::optional<ProblemId>> found;
    const auto take = [&](const Query& row) {
        const auto problem = row.optional_integer(1);
        found.emplace(row.integer(0), problem ? std::optional(ProblemId{*problem}) : std::nullopt);
    };
    {
        auto open =
            database.prepare("SELECT repair_id, problem_id FROM repair_job WHERE ended_us IS NULL");
        while (open.step()) take(open);
    }
    auto ended = database.prepare(
        "SELECT repair_id, problem_id FROM (SELECT repair_id, problem_id, ended_us FROM repair_job "
        "ORDER BY repair_id DESC LIMIT 200) newest WHERE ended_us >= ?");
    ended.bind(ended_since.microseconds);
    while (ended.step()) take(ended);
    std::vector<MovingRepair> moving;
    for (const auto& [id, problem] : found) moving.push_back({id, problem});
    return moving;
}

std::vector<RepairEnd> repair_ends(ReadSession& session, std::int64_t repair, ObservationId after,
                                   std::size_t limit) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<RepairEnd> items;
    auto query = core.database.prepare(
        "SELECT i.message_id, i.ordinal, m.control_id, i.disposition, i.rule, m.source_id, "
        "o.subject_id, o.analyte_id FROM repair_item i JOIN message m ON m.message_id = "
        "i.message_id LEFT JOIN observation o ON o.message_id = i.message_id AND o.ordinal = "
        "i.ordinal WHERE i.repair_id = ? AND (i.message_id, i.ordinal) > (?, ?) ORDER BY "
        "i.message_id, i.ordinal LIMIT ?");
    query.bind(repair, after.message.value, after.ordinal, static_cast<std::int64_t>(limit));
    while (query.step()) {
        RepairEnd& end = items.emplace_back();
        end.id = {MessageId{query.integer(0)}, static_cast<std::int32_t>(query.integer(1))};
        end.control_id = query.string(2);
        end.disposition = query.string(3);
        end.rule = static_cast<Code>(query.integer(4));
        end.source = core.term(query.integer(5));
        if (const auto subject = query.optional_integer(6)) end.subject = SubjectId{*subject};
        if (const auto analyte = query.optional_integer(7)) end.analyte = core.term(*analyte);
    }
    return items;
}

std::vector<RepairShare> repair_shares(ReadSession& session, std::int64_t repair) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<RepairShare> shares;
    auto query = core.database.prepare(
        "SELECT m.source_id, o.subject_id, o.analyte_id, i.disposition, count(*) FROM repair_item "
        "i JOIN message m ON m.message_id = i.message_id LEFT JOIN observation o ON o.message_id = "
        "i.message_id AND o.ordinal = i.ordinal WHERE i.repair_id = ? GROUP BY 1, 2, 3, 4");
    query.bind(repair);
    while (query.step()) {
        RepairShare& share = shares.emplace_back();
        share.source = core.term(query.integer(0));
        if (const auto subject = query.optional_integer(1)) share.subject = SubjectId{*subject};
        if (const auto analyte = query.optional_integer(2)) share.analyte = core.term(*analyte);
        share.disposition = query.string(3);
        share.count = query.integer(4);
    }
    return shares;
}

std::vector<pipeline::RepairItem> held_by(ReadSession& session, ProblemId problem,
                                          std::size_t limit) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<pipeline::RepairItem> held;
    auto query = core.database.prepare(
        "SELECT h.message_id, h.ordinal, h.rule, o.value_reported, o.unit_reported_id, "
        "o.subject_id, o.specimen_id, o.analyte_id FROM hold h LEFT JOIN observation o "
        "ON o.message_id = h.message_id AND o.ordinal = h.ordinal "
        "WHERE h.problem_id = ? AND h.released_us IS NULL "
        "ORDER BY h.message_id, h.ordinal LIMIT ?");
    query.bind(problem.value, static_cast<std::int64_t>(limit));
    while (query.step()) {
        pipeline::RepairItem& one = held.emplace_back();
        one.id = {MessageId{query.integer(0)}, static_cast<std::int32_t>(query.integer(1))};
        one.rule = static_cast<Code>(query.integer(2));
        one.value_reported = query.string(3);
        if (!query.is_null(4)) one.unit_reported = core.term(query.integer(4));
        if (const auto subject = query.optional_integer(5)) one.subject = SubjectId{*subject};
        if (const auto specimen = query.optional_integer(6))
            one.specimen = core.specimens.identity(core.database, *specimen);
        if (const auto analyte = query.optional_integer(7)) one.analyte = core.term(*analyte);
    }
    return held;
}

pipeline::RepairPreview try_repair(ReadSession& session, const pipeline::RepairPlan& plan,
                                   const pipeline::RepairScene& scene, std::size_t most) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    ResultReader reader(core.database, core.terms, core.specimens);
    const auto load_subject = [&](SubjectId subject, study::StateView& state) {
        if (!state.subjects.contains(subject))
            state.subjects.emplace(subject, reader.subject(subject));
    };
    pipeline::TrialStore store;
    store.message = [&](MessageId message) {
        return read_stored_message(core.database, core.terms, core.codec, message);
    };
    store.load = [&](const study::Proposal& proposal, study::StateView& state) {
        for (const study::ProposedObservation& observation : proposal.observations)
            for (const SubjectId subject : observation.subjects) load_subject(subject, state);
    };
    store.load_subject = load_subject;
    pipeline::RepairPreview preview = pipeline::try_repair(plan, scene, store, most);
    core.publisher.begin();
    for (pipeline::DeliveredChange& change : preview.delivered_changes)
        if (const auto result = core.publisher.publish(change.subject, change.number))
            change.result_id = result->result_id;
    return preview;
}

std::vector<SubjectId> subjects_of_repair(ReadSession& session, std::int64_t repair) {
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    std::set<SubjectId> subjects;
    {
        auto query = database.prepare(
            "SELECT DISTINCT o.subject_id FROM repair_item i JOIN observation o "
            "ON o.message_id = i.message_id AND o.ordinal = i.ordinal "
            "WHERE i.repair_id = ? AND o.subject_id IS NOT NULL");
        query.bind(repair);
        while (query.step()) subjects.insert(SubjectId{query.integer(0)});
    }
    auto query = database.prepare("SELECT DISTINCT kind, value FROM overlay WHERE repair_id = ?");
    query.bind(repair);
    while (query.step()) {
        if (study::overlay_kind_from(query.text(0)) != study::OverlayKind::subject) continue;
        const study::Overlay overlay = overlay_from(study::OverlayKind::subject, query.text(1));
        subjects.insert(overlay.subject);
        if (overlay.from) subjects.insert(overlay.from);
    }
    return {subjects.begin(), subjects.end()};
}

std::vector<RepairOverlay> overlays_of_repair(ReadSession& session, std::int64_t repair) {
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    std::vector<RepairOverlay> overlays;
    auto query = database.prepare(
        "SELECT message_id, ordinal, kind, value, overlay_id FROM overlay WHERE repair_id = ? AND "
        "ended_us IS NULL ORDER BY overlay_id");
    query.bind(repair);
    while (query.step()) {
        const auto kind = study::overlay_kind_from(query.text(2));
        if (!kind) continue;
        RepairOverlay& made = overlays.emplace_back();
        made.message = MessageId{query.integer(0)};
        made.overlay = overlay_from(*kind, query.text(3));
        made.overlay.ordinal = static_cast<std::int32_t>(query.integer(1));
        made.overlay.id = query.integer(4);
    }
    return overlays;
}

bool anything_delivered(ReadSession& session, SubjectId subject) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    auto query = core.database.prepare(
        "SELECT 1 FROM result WHERE subject_id = ? AND first_delivery IS NOT NULL LIMIT 1");
    query.bind(subject.value);
    return query.step();
}

}  // namespace labrelay::store
