#include "sql_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace labrelay::sql {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_word(char c) {
    return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

/// Up to the bracket that closes the one before `text`; its place in `text`.
std::size_t closing(std::string_view text) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\'') quoted = !quoted;
        if (quoted) continue;
        if (text[i] == '(') ++depth;
        if (text[i] == ')' && depth-- == 0) return i;
    }
    return std::string_view::npos;
}

std::vector<std::string> listed(std::string_view text) {
    std::vector<std::string> items;
    while (true) {
        const std::size_t comma = text.find(',');
        items.emplace_back(trimmed(text.substr(0, comma)));
        if (comma == std::string_view::npos) return items;
        text.remove_prefix(comma + 1);
    }
}

/// A tail that updates names the columns whose values tell two rows apart.
bool add_key(InsertForm& form, const std::vector<std::string>& columns) {
    constexpr std::string_view kConflict = "ON CONFLICT";
    if (form.tail.find("DO UPDATE") == std::string::npos) return true;
    const std::size_t conflict = form.tail.find(kConflict);
    const std::size_t open = form.tail.find('(', conflict);
    if (conflict == std::string::npos || open == std::string::npos) return false;
    const std::string_view rest = std::string_view(form.tail).substr(open + 1);
    for (const std::string& name : listed(rest.substr(0, closing(rest)))) {
        const auto column = std::ranges::find(columns, name);
        if (column == columns.end()) return false;
        const auto place = static_cast<std::size_t>(column - columns.begin());
        if (form.values[place] != "?") return false;
        const auto before = form.values.begin() + static_cast<std::ptrdiff_t>(place);
        form.key.push_back(static_cast<std::size_t>(std::count(form.values.begin(), before, "?")));
    }
    return true;
}

}  // namespace

std::string with_dollar_parameters(std::string_view sql) {
    std::string text;
    int next = 1;
    bool quoted = false;
    for (std::size_t i = 0; i < sql.size(); ++i) {
        if (sql[i] == '\'') quoted = !quoted;
        if (quoted || sql[i] != '?') {
            text += sql[i];
            continue;
        }
        text += '$';
        if (i + 1 == sql.size() || !is_digit(sql[i + 1])) text += std::to_string(next++);
    }
    return text;
}

std::size_t parameters_in(std::string_view sql) {
    std::size_t most = 0;
    std::size_t next = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < sql.size(); ++i) {
        if (sql[i] == '\'') quoted = !quoted;
        if (quoted || sql[i] != '?') continue;
        std::size_t number = 0;
        while (i + 1 < sql.size() && is_digit(sql[i + 1]))
            number = number * 10 + static_cast<std::size_t>(sql[++i] - '0');
        most = std::max(most, number != 0 ? number : ++next);
    }
    return most;
}

std::vector<std::string> tables_in(std::string_view sql) {
    constexpr std::array<std::string_view, 4> kBefore{"FROM", "JOIN", "INTO", "UPDATE"};
    std::vector<std::string> tables;
    bool wanted = false;
    for (std::size_t i = 0; i < sql.size();) {
        if (!is_word(sql[i])) {
            if (sql[i] != ' ' && sql[i] != '\n') wanted = false;
            ++i;
            continue;
        }
        std::size_t end = i;
        while (end < sql.size() && is_word(sql[end])) ++end;
        const std::string_view word = sql.substr(i, end - i);
        if (wanted && word != "SET") tables.emplace_back(word);
        wanted = std::ranges::find(kBefore, word) != kBefore.end();
        i = end;
    }
    return tables;
}

std::optional<InsertForm> insert_form(std::string_view sql) {
    constexpr std::string_view kInsert = "INSERT INTO ";
    constexpr std::string_view kValues = " VALUES (";
    if (!sql.starts_with(kInsert) || sql.find("RETURNING") != std::string_view::npos)
        return std::nullopt;
    const std::size_t values = sql.find(kValues);
    const std::size_t open = sql.find('(');
    if (values == std::string_view::npos || open > values) return std::nullopt;
    InsertForm form;
    form.head = std::string(sql.substr(0, values));
    form.table = std::string(trimmed(sql.substr(kInsert.size(), open - kInsert.size())));
    const std::string_view after = sql.substr(values + kValues.size());
    const std::size_t end = closing(after);
    if (end == std::string_view::npos) return std::nullopt;
    form.values = listed(after.substr(0, end));
    form.tail = std::string(after.substr(end + 1));
    const auto columns = listed(sql.substr(open + 1, values - open - 2));
    const auto plain = [](const std::string& value) {
        return value == "?" || value.find('?') == std::string::npos;
    };
    if (columns.size() != form.values.size() || !std::ranges::all_of(form.values, plain) ||
        form.tail.find('?') != std::string::npos || !add_key(form, columns))
        return std::nullopt;
    form.parameters = static_cast<std::size_t>(std::ranges::count(form.values, "?"));
    if (form.parameters == 0) return std::nullopt;
    return form;
}

std::string over_arrays(const InsertForm& form, const std::vector<std::string>& types) {
    std::vector<std::string> selected;
    std::vector<std::string> arrays;
    std::vector<std::string> names;
    for (const std::string& value : form.values) {
        if (value != "?") {
            selected.push_back(value);
            continue;
        }
        names.push_back(fmt::format("p{}", names.size() + 1));
        selected.push_back("given." + names.back());
        arrays.push_back(fmt::format("${}::{}[]", arrays.size() + 1, types[arrays.size()]));
    }
    return fmt::format("{} SELECT {} FROM unnest({}) AS given({}){}", form.head,
                       fmt::join(selected, ", "), fmt::join(arrays, ", "), fmt::join(names, ", "),
                       form.tail);
}

}  // namespace labrelay::sql
