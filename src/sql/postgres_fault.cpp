#include <fmt/format.h>

#include "postgres_wire.hpp"

namespace labrelay::sql {
namespace {

std::string_view field(const PGresult* result, int code) {
    const char* text = PQresultErrorField(result, code);
    return text == nullptr ? std::string_view() : std::string_view(text);
}

FaultKind kind_of(std::string_view state) {
    if (state == "40001" || state == "40P01") return FaultKind::conflict;
    if (state == "25P02") return FaultKind::refused;  // after a refused row, until the rollback
    if (state == "25006") return FaultKind::lost;     // the server has become a standby
    if (state == "55P03" || state == "57014") return FaultKind::busy;
    const std::string_view group = state.substr(0, 2);
    if (group == "22" || group == "23") return FaultKind::refused;
    if (group == "53") return FaultKind::full;
    if (group == "08" || group == "57" || group == "58" || group == "XX" || state.empty())
        return FaultKind::lost;
    if (group == "28" || group == "3D" || group == "25" || state == "42501")
        return FaultKind::setup;
    return FaultKind::defect;
}

}  // namespace

Fault fault_of(const PGresult* result) {
    const std::string_view state = field(result, PG_DIAG_SQLSTATE);
    const FaultKind kind = kind_of(state);
    std::string text = fmt::format("PostgreSQL {}", state.empty() ? "gave no code" : state);
    if (const auto constraint = field(result, PG_DIAG_CONSTRAINT_NAME); !constraint.empty())
        text += fmt::format(", constraint {}", constraint);
    if (const auto table = field(result, PG_DIAG_TABLE_NAME); !table.empty())
        text += fmt::format(", table {}", table);
    if (const auto column = field(result, PG_DIAG_COLUMN_NAME); !column.empty())
        text += fmt::format(", column {}", column);
    // Of a refused row the server's sentence may quote the value.
    if (kind != FaultKind::refused)
        text += fmt::format(": {}", field(result, PG_DIAG_MESSAGE_PRIMARY));
    return {kind, text};
}

}  // namespace labrelay::sql
