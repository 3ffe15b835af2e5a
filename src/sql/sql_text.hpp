#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace labrelay::sql {

/// `?` becomes `$1`, `$2` …, `?3` becomes `$3`; texts in quotes stay. Pure.
std::string with_dollar_parameters(std::string_view sql);

/// How many parameters a statement has.
std::size_t parameters_in(std::string_view sql);

/// The tables that a statement names: what stands after FROM, JOIN, INTO and UPDATE.
std::vector<std::string> tables_in(std::string_view sql);

/// `INSERT INTO t(a, b) VALUES (?, 'x') ON CONFLICT …`, taken apart so that many rows can be sent
/// as one statement over arrays.
struct InsertForm {
    std::string table;
    std::string head;                 ///< `INSERT INTO t(a, b)`
    std::vector<std::string> values;  ///< `?` or a literal, one a column
    std::string tail;                 ///< ` ON CONFLICT …`, or empty
    /// Parameters, from 0, that say which row is meant, where the tail updates one: two such rows
    /// may not go in one statement.
    std::vector<std::size_t> key;
    std::size_t parameters = 0;
};

/// Nothing where the statement is no such INSERT: one that returns rows, selects, or has numbered
/// parameters.
std::optional<InsertForm> insert_form(std::string_view sql);

/// The statement over arrays; `types` are the SQL types of its parameters.
std::string over_arrays(const InsertForm& form, const std::vector<std::string>& types);

}  // namespace labrelay::sql
