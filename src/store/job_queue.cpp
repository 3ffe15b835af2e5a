#include "job_queue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace labrelay::store {
namespace {

/// A job is done in slices, each in one transaction; a long list would be read whole for each.
constexpr std::size_t kJobSize = 64;

std::vector<std::string> parts_of(const std::set<std::int64_t>& all) {
    std::vector<std::string> parts;
    std::vector<std::int64_t> part;
    const auto end_part = [&] {
        if (!part.empty()) parts.push_back(fmt::format("{}", fmt::join(part, " ")));
        part.clear();
    };
    for (const std::int64_t one : all) {
        part.push_back(one);
        if (part.size() == kJobSize) end_part();
    }
    end_part();
    return parts;
}

}  // namespace

void queue_jobs(Connection& database, Instant now, std::string_view actor, const Again& again) {
    auto keep = database.prepare(
        "UPDATE message SET purge_after_us = NULL WHERE message_id = ? "
        "AND purge_after_us IS NOT NULL");
    for (const std::int64_t message : again.messages) keep.bind(message).run();
    auto insert = database.prepare(
        "INSERT INTO job(created_us, actor, messages, subjects, repair_id) VALUES (?, ?, ?, ?, ?)");
    for (const std::string& messages : parts_of(again.messages))
        insert.bind(now.microseconds, actor, messages, "", again.repair).run();
    for (const std::string& subjects : parts_of(again.subjects))
        insert.bind(now.microseconds, actor, "", subjects, again.repair).run();
}

}  // namespace labrelay::store
