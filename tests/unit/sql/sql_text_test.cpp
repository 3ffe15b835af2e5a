#include "../../../src/sql/sql_text.hpp"

#include <gtest/gtest.h>

namespace labrelay::sql {
namespace {

TEST(SqlText, ParametersBecomeDollars) {
    struct Row {
        const char* text;
        const char* dollars;
        std::size_t parameters;
    };
    constexpr Row kRows[] = {
        {"SELECT 1", "SELECT 1", 0},
        {"SELECT a FROM t WHERE b = ? AND c = ?", "SELECT a FROM t WHERE b = $1 AND c = $2", 2},
        {"SELECT ?2, ?1, ?2", "SELECT $2, $1, $2", 2},
        {"SELECT '?', ?", "SELECT '?', $1", 1},
        {"SELECT 'it''s ?', ?12", "SELECT 'it''s ?', $12", 12},
    };
    for (const Row& row : kRows) {
        EXPECT_EQ(with_dollar_parameters(row.text), row.dollars);
        EXPECT_EQ(parameters_in(row.text), row.parameters) << row.text;
    }
}

TEST(SqlText, TablesAreWhatStandsAfterTheirWords) {
    using Tables = std::vector<std::string>;
    EXPECT_EQ(tables_in("SELECT a FROM message m JOIN message_raw r USING (message_id)"),
              (Tables{"message", "message_raw"}));
    EXPECT_EQ(tables_in("INSERT INTO term(text) VALUES (?) ON CONFLICT(text) DO UPDATE SET x = 1"),
              (Tables{"term"}));
    EXPECT_EQ(tables_in("UPDATE outbox SET state = 'x'"), (Tables{"outbox"}));
    EXPECT_EQ(tables_in("DELETE FROM hold WHERE a = (SELECT b FROM notice)"),
              (Tables{"hold", "notice"}));
    EXPECT_EQ(tables_in("SELECT max(x) FROM (SELECT x FROM t) u"), (Tables{"t"}));
}

TEST(SqlText, AnInsertOfRowsCanBeSentOverArrays) {
    const auto form = insert_form(
        "INSERT INTO outbox(delivery_id, state, why) VALUES (?, 'ready', ?) ON CONFLICT DO "
        "NOTHING");
    ASSERT_TRUE(form);
    EXPECT_EQ(form->table, "outbox");
    EXPECT_TRUE(form->key.empty());
    EXPECT_EQ(over_arrays(*form, {"bigint", "text"}),
              "INSERT INTO outbox(delivery_id, state, why) SELECT given.p1, 'ready', given.p2 FROM "
              "unnest($1::bigint[], $2::text[]) AS given(p1, p2) ON CONFLICT DO NOTHING");
}

TEST(SqlText, WhereATailUpdatesTheKeyIsKnown) {
    const auto form = insert_form(
        "INSERT INTO result(a, b, c) VALUES (?, ?, ?) ON CONFLICT(c, a) DO UPDATE SET b = "
        "excluded.b");
    ASSERT_TRUE(form);
    EXPECT_EQ(form->key, (std::vector<std::size_t>{2, 0}));
}

TEST(SqlText, WhatIsNotSoSimpleIsSentRowByRow) {
    for (const char* text :
         {"INSERT INTO t(a) VALUES (?) RETURNING a", "INSERT INTO t(a) SELECT ?",
          "INSERT INTO t(a, b) VALUES (?1, ?1)", "INSERT INTO t(a) VALUES (1)",
          "INSERT INTO t(a, b) VALUES (?, lower(?))", "UPDATE t SET a = ?",
          "INSERT INTO t(a, b) VALUES ('x', ?) ON CONFLICT(a) DO UPDATE SET b = excluded.b",
          "INSERT INTO t(a) VALUES (?) ON CONFLICT DO UPDATE SET a = ?"})
        EXPECT_FALSE(insert_form(text)) << text;
}

}  // namespace
}  // namespace labrelay::sql
