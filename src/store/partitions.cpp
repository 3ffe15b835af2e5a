#include "labrelay/store/partitions.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "labrelay/core/ids.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "writer_core.hpp"

namespace labrelay::store {
namespace {

constexpr std::array<std::string_view, 3> kTables{"message", "message_raw", "observation"};

class At final : public Clock {
public:
    explicit At(Instant instant) : instant_(instant) {}
    Instant now() const override { return instant_; }

private:
    Instant instant_;
};

/// The first id that a message can have which arrives in this month.
std::int64_t first_id(std::chrono::year_month month) {
    const std::chrono::sys_days day = month / std::chrono::day{1};
    const At clock(Instant{std::chrono::microseconds(day.time_since_epoch()).count()});
    return MessageIdSource(clock, 0).next().value;
}

std::chrono::year_month month_of(Instant instant) {
    const std::chrono::sys_days day =
        std::chrono::floor<std::chrono::days>(std::chrono::sys_time<std::chrono::microseconds>(
            std::chrono::microseconds(instant.microseconds)));
    const std::chrono::year_month_day date(day);
    return date.year() / date.month();
}

void make_partition(StoreWriter::Core& core, std::string_view table,
                    std::chrono::year_month month) {
    const std::string sql = fmt::format(
        "CREATE TABLE IF NOT EXISTS {0}_{1}{2:02} PARTITION OF {0} FOR VALUES FROM ({3}) TO ({4})",
        table, static_cast<int>(month.year()), static_cast<unsigned>(month.month()),
        first_id(month), first_id(month + std::chrono::months{1}));
    try {
        WriteTransaction transaction(core);
        core.db().execute("SELECT pg_advisory_xact_lock(7165913264407204)");
        core.db().execute(sql);
        transaction.commit();
    } catch (const pipeline::StoreFault& fault) {
        // Rows of the month stand in the rest: they stay there.
        if (!fault.row_refused()) throw;
    }
}

}  // namespace

void make_partitions(StoreWriter& writer, Instant now) {
    StoreWriter::Core& core = writer.core();
    if (!core.shared()) return;
    const std::chrono::year_month month = month_of(now);
    for (const std::string_view table : kTables)
        for (const auto wanted : {month, month + std::chrono::months{1}})
            make_partition(core, table, wanted);
}

}  // namespace labrelay::store
