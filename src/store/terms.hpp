#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "connection.hpp"
#include "labrelay/study/proposal.hpp"

namespace labrelay::store {

/// For maps that are asked with a view of their key.
struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
        return std::hash<std::string_view>{}(text);
    }
};

/// The dictionary of texts that repeat (table term), with a bounded cache in front of it. Belongs
/// to one connection and its thread.
class Terms {
public:
    static constexpr std::int64_t kEmpty = 1;

    /// Of the writing connection: a new text gets a row, through `adder`.
    std::int64_t id(Connection& database, Connection& adder, std::string_view text);
    /// Nothing where the text has no row.
    std::optional<std::int64_t> find(Connection& database, std::string_view text);
    const std::string& text(Connection& database, std::int64_t id);
    /// After a rollback: what was learned in the transaction may not be there.
    void forget();

private:
    void remember(std::int64_t id, std::string_view text);

    std::unordered_map<std::string, std::int64_t, TextHash, std::equal_to<>> ids_;
    std::unordered_map<std::int64_t, std::string> texts_;
};

/// Surrogates of specimens as results name them (table specimen). Same rules as Terms.
class Specimens {
public:
    std::int64_t id(Connection& database, Connection& adder, std::int64_t source_id,
                    const study::SpecimenIdentity& specimen);
    const study::SpecimenIdentity& identity(Connection& database, std::int64_t id);
    /// All that the subject's results are of, in one query.
    void read_ahead(Connection& database, SubjectId subject);
    void forget();

private:
    using Key = std::pair<std::int64_t, study::SpecimenIdentity>;
    // The observations of one message and the next come from few specimens: the last one asked for
    // is nearly always the one that is wanted.
    std::optional<std::pair<Key, std::int64_t>> last_;
    std::unordered_map<std::int64_t, study::SpecimenIdentity> identities_;
};

}  // namespace labrelay::store
