#include "terms.hpp"

#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::store {
namespace {

constexpr std::size_t kCached = 50'000;

}  // namespace

std::optional<std::int64_t> Terms::find(Connection& database, std::string_view text) {
    if (text.empty()) return kEmpty;
    if (const auto known = ids_.find(text); known != ids_.end()) return known->second;
    auto query = database.prepare("SELECT term_id FROM term WHERE text = ?");
    query.bind(text);
    if (!query.step()) return std::nullopt;
    const std::int64_t found = query.integer(0);
    remember(found, text);
    return found;
}

std::int64_t Terms::id(Connection& database, Connection& adder, std::string_view text) {
    if (const auto known = find(database, text)) return *known;
    // Another node may add it between the two questions.
    auto insert = adder.prepare(
        "INSERT INTO term(text) VALUES (?) ON CONFLICT(text) DO UPDATE SET text = excluded.text "
        "RETURNING term_id");
    insert.bind(text);
    insert.step();
    const std::int64_t made = insert.integer(0);
    insert.step();
    remember(made, text);
    return made;
}

const std::string& Terms::text(Connection& database, std::int64_t id) {
    if (const auto known = texts_.find(id); known != texts_.end()) return known->second;
    auto query = database.prepare("SELECT text FROM term WHERE term_id = ?");
    query.bind(id);
    if (!query.step()) throw pipeline::unreadable("a text of the store is missing");
    remember(id, query.text(0));
    return texts_.at(id);
}

void Terms::remember(std::int64_t id, std::string_view text) {
    if (ids_.size() >= kCached || texts_.size() >= kCached) forget();
    ids_.emplace(text, id);
    texts_.emplace(id, text);
}

void Terms::forget() {
    ids_.clear();
    texts_.clear();
}

std::int64_t Specimens::id(Connection& database, Connection& adder, std::int64_t source_id,
                           const study::SpecimenIdentity& specimen) {
    if (last_ && last_->first.first == source_id && last_->first.second == specimen)
        return last_->second;
    std::int64_t found = 0;
    // Most specimens are new: where each question is a round trip, one that gives the id of either.
    if (&adder == &database) {
        auto query = database.prepare(
            "SELECT specimen_id FROM specimen WHERE source_id = ? AND order_no = ? "
            "AND specimen_no = ? AND collected = ?");
        query.bind(source_id, specimen.order, specimen.specimen_id, specimen.collected);
        if (query.step()) found = query.integer(0);
    }
    if (found == 0) {
        auto insert = adder.prepare(
            "INSERT INTO specimen(source_id, order_no, specimen_no, collected) "
            "VALUES (?, ?, ?, ?) ON CONFLICT(source_id, order_no, specimen_no, collected) "
            "DO UPDATE SET collected = excluded.collected RETURNING specimen_id");
        insert.bind(source_id, specimen.order, specimen.specimen_id, specimen.collected);
        insert.step();
        found = insert.integer(0);
        insert.step();
    }
    last_ = {Key{source_id, specimen}, found};
    return found;
}

const study::SpecimenIdentity& Specimens::identity(Connection& database, std::int64_t id) {
    if (const auto known = identities_.find(id); known != identities_.end()) return known->second;
    auto query = database.prepare(
        "SELECT order_no, specimen_no, collected FROM specimen WHERE specimen_id = ?");
    query.bind(id);
    if (!query.step()) throw pipeline::unreadable("a specimen of the store is missing");
    if (identities_.size() >= kCached) identities_.clear();
    return identities_
        .emplace(id, study::SpecimenIdentity{query.string(0), query.string(1), query.string(2)})
        .first->second;
}

void Specimens::read_ahead(Connection& database, SubjectId subject) {
    if (identities_.size() >= kCached) identities_.clear();
    auto query = database.prepare(
        "SELECT specimen_id, order_no, specimen_no, collected FROM specimen WHERE specimen_id IN "
        "(SELECT specimen_id FROM result WHERE subject_id = ?)");
    query.bind(subject.value);
    while (query.step())
        identities_.insert_or_assign(
            query.integer(0),
            study::SpecimenIdentity{query.string(1), query.string(2), query.string(3)});
}

void Specimens::forget() {
    last_.reset();
    identities_.clear();
}

}  // namespace labrelay::store
