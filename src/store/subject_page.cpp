#include "labrelay/store/subject_page.hpp"

#include <algorithm>

#include "delivery_list.hpp"
#include "lock_tables.hpp"
#include "post_lock_tables.hpp"
#include "read_core.hpp"
#include "subject_tables.hpp"
#include "times.hpp"

namespace labrelay::store {
namespace {

std::vector<std::string> targets_of(ReadSession::Core& core) {
    std::vector<std::string> targets;
    auto query = core.database.prepare("SELECT target_id FROM target ORDER BY target_id");
    while (query.step()) targets.push_back(core.term(query.integer(0)));
    return targets;
}

study::SubjectStanding standing_of(ReadSession::Core& core, SubjectId subject) {
    study::SubjectStanding standing;
    standing.results = core.publisher.state(subject);
    standing.held = read_held(core.database, core.terms, subject);
    standing.notices = open_notices(core.database, subject);
    standing.deliveries = open_deliveries(core.database, core.terms, subject);
    for (const PostLockRow& row : post_lock_rows(core.database, {false, subject})) {
        const PostLockItem item = item_of(row);
        standing.post_lock.push_back({item.id, item.number, item.state, item.told, item.now});
    }
    return standing;
}

std::map<std::string, std::string> delivery_of(const delivery::DeliveredResult& result,
                                               const std::vector<study::OpenDelivery>& open,
                                               const std::vector<std::string>& targets) {
    std::map<std::string, std::string> states;
    if (result.record.delivered)
        for (const std::string& target : targets) states[target] = "delivered";
    for (const study::OpenDelivery& delivery : open)
        if (std::ranges::count(delivery.results, result.number) > 0)
            states[delivery.target] = delivery.state;
    return states;
}

}  // namespace

SubjectPage subject_page(ReadSession& session, SubjectId subject) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    core.publisher.begin();
    core.publisher.read_ahead(subject);
    SubjectPage page;
    page.standing = standing_of(core, subject);
    const std::vector<std::string> targets = targets_of(core);
    for (const study::ResultRecord& record : page.standing.results.results) {
        auto result = core.publisher.publish(subject, record.number);
        if (!result) continue;
        PageResult shown;
        shown.delivery = delivery_of(*result, page.standing.deliveries, targets);
        shown.result = std::move(*result);
        page.results.push_back(std::move(shown));
    }
    page.locks = locks_over(core.database, subject);
    return page;
}

std::optional<PageResult> page_result(ReadSession& session, SubjectId subject,
                                      std::int64_t number) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    core.publisher.begin();
    auto result = core.publisher.publish(subject, number);
    if (!result) return std::nullopt;
    PageResult shown;
    shown.delivery =
        delivery_of(*result, open_deliveries(core.database, core.terms, subject), targets_of(core));
    shown.result = std::move(*result);
    return shown;
}

study::SubjectStanding subject_standing(ReadSession& session, const study::Subject& subject) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    core.publisher.begin();
    study::SubjectStanding standing = standing_of(core, subject.id);
    standing.subject = subject;
    return standing;
}

std::vector<HeldAt> held_at(ReadSession& session, SubjectId subject, Instant at) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<HeldAt> held;
    auto query = core.database.prepare(
        "SELECT h.message_id, h.ordinal, h.rule, o.code_id, o.analyte_id, o.value_reported, "
        "o.unit_reported_id, o.collected, o.collected_wall, o.collected_shape, h.opened_us, "
        "h.problem_id FROM (SELECT CAST(?1 AS BIGINT) AS who UNION SELECT same.subject_id FROM "
        "subject_identifier own JOIN subject_identifier same ON same.authority = own.authority "
        "AND same.value = own.value WHERE own.subject_id = ?1) person CROSS JOIN hold h CROSS "
        "JOIN observation o WHERE h.who = person.who AND h.opened_us <= ?2 AND (h.released_us IS "
        "NULL OR h.released_us > ?2) AND o.message_id = h.message_id AND o.ordinal = h.ordinal "
        "ORDER BY h.message_id, h.ordinal");
    query.bind(subject.value, at.microseconds);
    while (query.step()) {
        HeldAt one;
        one.held.id = {MessageId{query.integer(0)}, static_cast<std::int32_t>(query.integer(1))};
        one.held.rule = static_cast<Code>(query.integer(2));
        one.held.code = core.term(query.integer(3));
        one.held.analyte = core.term(query.integer(4));
        one.held.value_reported = query.string(5);
        one.held.unit_reported = core.term(query.integer(6));
        const TimeColumns collected{
            query.text(7), query.optional_integer(8), query.optional_integer(9), {}, {}, {}};
        one.held.collected = timestamp_from(collected);
        one.opened = Instant{query.integer(10)};
        one.problem = ProblemId{query.optional_integer(11).value_or(0)};
        held.push_back(std::move(one));
    }
    return held;
}

std::vector<NoticeAt> notices_at(ReadSession& session, SubjectId subject, Instant at) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<NoticeAt> notices;
    auto query = core.database.prepare(
        "SELECT n.notice_id, n.rule, n.detail, n.opened_us, n.problem_id, n.message_id FROM notice "
        "n LEFT JOIN problem p ON p.problem_id = n.problem_id WHERE n.subject_id = ?1 AND "
        "n.opened_us <= ?2 AND (p.closed_us IS NULL OR p.closed_us > ?2) ORDER BY n.notice_id");
    query.bind(subject.value, at.microseconds);
    while (query.step()) {
        NoticeAt& notice = notices.emplace_back();
        notice.id = query.integer(0);
        notice.rule = static_cast<Code>(query.integer(1));
        notice.detail = query.string(2);
        notice.opened = Instant{query.integer(3)};
        notice.problem = ProblemId{query.optional_integer(4).value_or(0)};
        if (const auto message = query.optional_integer(5)) notice.message = MessageId{*message};
    }
    return notices;
}

std::vector<study::OpenProblem> problems_of_nobody(ReadSession& session) {
    const ReadTransaction transaction(session.core().database);
    return unplaced_problems(session.core().database);
}

std::vector<ResultDelivery> deliveries_of(ReadSession& session, SubjectId subject,
                                          std::int64_t number) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<ResultDelivery> deliveries;
    // The row that carried it first, by its key; what came later and is over is told by the state.
    auto query = core.database.prepare(
        "SELECT delivery_id, target_id, state, closed_us, why, results FROM outbox WHERE "
        "delivery_id = (SELECT first_delivery FROM result WHERE subject_id = ?1 AND number = ?2) "
        "UNION SELECT delivery_id, target_id, state, closed_us, why, results FROM outbox WHERE "
        "subject_id = ?1 AND state <> 'delivered' ORDER BY 1");
    query.bind(subject.value, number);
    while (query.step()) {
        const auto listed = unpack_results(query.text(5));
        const bool carries = std::ranges::any_of(listed, [&](const ListedResult& result) {
            return !result.lock && result.number == number;
        });
        if (!carries) continue;
        ResultDelivery delivery{
            query.integer(0), core.term(query.integer(1)), query.string(2), {}, query.string(4)};
        if (const auto closed = query.optional_integer(3)) delivery.closed = Instant{*closed};
        deliveries.push_back(std::move(delivery));
    }
    return deliveries;
}

}  // namespace labrelay::store
