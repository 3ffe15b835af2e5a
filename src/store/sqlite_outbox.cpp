#include "labrelay/store/sqlite_outbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <set>

#include "labrelay/pipeline/commit_store.hpp"
#include "read_transaction.hpp"
#include "result_publisher.hpp"
#include "writer_core.hpp"

namespace labrelay::store {
namespace {

using delivery::Delivery;
using pipeline::StoreFault;

struct Listed {
    std::int64_t number = 0;
    Code reason = Code::none;
};

std::int64_t read_number(const char*& at, const char* end) {
    std::int64_t number = 0;
    const auto read = std::from_chars(at, end, number);
    if (read.ec != std::errc{}) throw StoreFault("an outbox row is broken", false);
    at = read.ptr;
    return number;
}

// `12 13:537`
std::vector<Listed> unpack_results(std::string_view text) {
    std::vector<Listed> listed;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        Listed result;
        result.number = read_number(at, end);
        if (at != end && *at == ':') result.reason = static_cast<Code>(read_number(++at, end));
        if (at != end) ++at;
        listed.push_back(result);
    }
    return listed;
}

struct Row {
    Delivery delivery;
    std::string results;
};

// A backlog of deliveries that wait for their time is looked through, not carried along.
constexpr int kRowsLookedAt = 20'000;

std::vector<Row> due_rows(Connection& database, std::int64_t target, Instant now,
                          std::size_t limit) {
    std::vector<Row> rows;
    std::set<std::int64_t> waiting;  // subjects with an earlier delivery that waits
    auto query = database.prepare(
        "SELECT delivery_id, subject_id, fence, attempts, not_before_us, results FROM outbox "
        "WHERE target_id = ? AND state IN ('ready', 'retry') ORDER BY delivery_id LIMIT ?");
    query.bind(target, kRowsLookedAt);
    while (rows.size() < limit && query.step()) {
        const std::int64_t subject = query.integer(1);
        if (waiting.contains(subject)) continue;
        if (query.integer(4) > now.microseconds) {
            waiting.insert(subject);
            continue;
        }
        Row row;
        row.delivery.id = query.integer(0);
        row.delivery.subject = SubjectId{subject};
        row.delivery.fence = query.integer(2);
        row.delivery.attempts = static_cast<std::int32_t>(query.integer(3));
        row.results = query.string(5);
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace

/// The reading side, made at first use and again after a fault.
struct SqliteOutbox::Reading {
    struct Open {
        Open(const SqliteWriter::Core& core)
            : database(core.file, Connection::Mode::read, core.options.vfs),
              publisher(database, terms, specimens, core.results_key) {}
        Connection database;
        Terms terms;
        Specimens specimens;
        ResultPublisher publisher;
    };

    std::mutex mutex;
    std::unique_ptr<Open> open;

    template <class Work>
    auto with(const SqliteWriter::Core& core, const Work& work) {
        const std::lock_guard lock(mutex);
        try {
            if (!open) open = std::make_unique<Open>(core);
            const ReadTransaction transaction(open->database);
            return work(*open);
        } catch (const StoreFault&) {
            open.reset();
            throw;
        }
    }
};

SqliteOutbox::SqliteOutbox(SqliteWriter& writer)
    : core_(writer.core()), reading_(std::make_unique<Reading>()) {}
SqliteOutbox::~SqliteOutbox() = default;

std::vector<Delivery> SqliteOutbox::take(std::string_view target, Instant now, std::size_t limit) {
    return reading_->with(core_, [&](Reading::Open& open) {
        std::vector<Delivery> deliveries;
        const auto target_id = open.terms.find(open.database, target);
        if (!target_id) return deliveries;
        for (Row& row : due_rows(open.database, *target_id, now, limit)) {
            row.delivery.target = std::string(target);
            for (const Listed& listed : unpack_results(row.results)) {
                auto result = open.publisher.publish(row.delivery.subject, listed.number);
                if (!result) throw StoreFault("a delivery's result is missing", false);
                if (listed.reason != Code::none) result->reason = std::string(key(listed.reason));
                row.delivery.results.push_back(std::move(*result));
            }
            deliveries.push_back(std::move(row.delivery));
        }
        return deliveries;
    });
}

std::int64_t SqliteOutbox::waiting(std::string_view target) {
    return reading_->with(core_, [&](Reading::Open& open) -> std::int64_t {
        const auto target_id = open.terms.find(open.database, target);
        if (!target_id) return 0;
        auto query = open.database.prepare(
            "SELECT count(*) FROM outbox WHERE target_id = ? AND state IN ('ready', 'retry')");
        query.bind(*target_id);
        query.step();
        return query.integer(0);
    });
}

void SqliteOutbox::mark_delivered(const std::vector<Delivery>& deliveries, Instant now) {
    if (deliveries.empty()) return;
    WriteTransaction transaction(core_, Durability::relaxed);
    std::map<std::int64_t, std::int64_t> upto;
    {
        auto update = core_.db().prepare(
            "UPDATE outbox SET state = 'delivered', closed_us = ?, why = NULL "
            "WHERE delivery_id = ?");
        for (const Delivery& delivery : deliveries) {
            update.bind(now.microseconds, delivery.id).run();
            std::int64_t& newest = upto[delivery.subject.value];
            newest = std::max(newest, delivery.id);
        }
    }
    {
        auto upsert = core_.db().prepare(
            "INSERT INTO delivery_progress(subject_id, delivered_upto) VALUES (?, ?) "
            "ON CONFLICT(subject_id) DO UPDATE SET delivered_upto = "
            "max(delivered_upto, excluded.delivered_upto)");
        for (const auto& [subject, newest] : upto) upsert.bind(subject, newest).run();
    }
    transaction.commit();
}

void SqliteOutbox::mark_retry(const Delivery& delivery, Instant not_before, std::string_view why) {
    WriteTransaction transaction(core_, Durability::relaxed);
    core_.db()
        .prepare(
            "UPDATE outbox SET state = 'retry', attempts = attempts + 1, not_before_us = ?, "
            "why = ? WHERE delivery_id = ?")
        .bind(not_before.microseconds, why, delivery.id)
        .run();
    transaction.commit();
}

void SqliteOutbox::mark_rejected(const Delivery& delivery, std::string_view why) {
    WriteTransaction transaction(core_, Durability::full);
    const std::int64_t now = core_.clock.now().microseconds;
    core_.db()
        .prepare(
            "UPDATE outbox SET state = 'rejected', closed_us = ?, why = ? "
            "WHERE delivery_id = ?")
        .bind(now, why, delivery.id)
        .run();
    const std::string detail =
        fmt::format("{}, delivery {}: {}", delivery.target, delivery.id, why);
    core_.db()
        .prepare(
            "INSERT OR IGNORE INTO notice(rule, subject_id, detail, opened_us) "
            "VALUES (?, ?, ?, ?)")
        .bind(static_cast<int>(Code::delivery_rejected), delivery.subject.value, detail, now)
        .run();
    transaction.commit();
}

}  // namespace labrelay::store
