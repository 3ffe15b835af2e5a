#include "labrelay/study/registry.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <tuple>
#include <utility>

namespace labrelay::study {
namespace {

using SubjectPointer = std::shared_ptr<const Subject>;
using SpecimenPointer = std::shared_ptr<const RegisteredSpecimen>;

/// One way to find a subject; the key lives in the subject.
template <class Key>
struct Entry {
    Key key;
    const Subject* subject;

    friend bool operator<(const Entry& left, const Entry& right) {
        return std::tie(left.key, left.subject->id) < std::tie(right.key, right.subject->id);
    }
};

using IdentifierKey = std::pair<std::string_view, std::string_view>;

IdentifierKey key_of(const Identifier& identifier) {
    return {identifier.authority, identifier.value};
}

template <class Key>
std::vector<const Subject*> subjects_with(const std::vector<Entry<Key>>& entries, const Key& key) {
    std::vector<const Subject*> found;
    auto entry = std::ranges::lower_bound(entries, key, {}, &Entry<Key>::key);
    for (; entry != entries.end() && entry->key == key; ++entry) {
        if (found.empty() || found.back() != entry->subject) {
            found.push_back(entry->subject);
        }
    }
    return found;
}

std::vector<Entry<IdentifierKey>> identifiers_of(const Subject& subject) {
    std::vector<Entry<IdentifierKey>> entries;
    for (const Identifier& identifier : subject.identifiers) {
        entries.push_back({key_of(identifier), &subject});
    }
    return entries;
}

std::vector<Entry<std::string_view>> numbers_of(const Subject& subject) {
    std::vector<Entry<std::string_view>> entries;
    for (const std::string* number : {&subject.subject_no, &subject.screening_no}) {
        if (!number->empty()) {
            entries.push_back({*number, &subject});
        }
    }
    return entries;
}

/// Merges `added` into sorted entries, without those of a subject that is replaced.
template <class Key>
void merge(std::vector<Entry<Key>>& entries, std::vector<Entry<Key>> added,
           const Subject* replaced) {
    if (replaced != nullptr) {
        std::erase_if(entries, [&](const Entry<Key>& entry) { return entry.subject == replaced; });
    }
    std::ranges::sort(added, std::less<>{});
    const auto middle = static_cast<std::ptrdiff_t>(entries.size());
    entries.insert(entries.end(), added.begin(), added.end());
    std::inplace_merge(entries.begin(), entries.begin() + middle, entries.end());
}

std::size_t hash_of(const SpecimenName& name) {
    return std::hash<std::string>{}(name.specimen) ^
           (std::hash<std::string>{}(name.authority) << 1U);
}

const SpecimenName& name_of(const SpecimenPointer& specimen) {
    return specimen->name;
}

/// Named and nothing more: it was registered and is no more.
bool is_taken_back(const RegisteredSpecimen& specimen) {
    return !specimen.patient && specimen.subject_no.empty() && !specimen.collected_at &&
           specimen.visit.empty();
}

}  // namespace

struct Registry::Subjects {
    std::vector<SubjectPointer> by_id;  // sorted, as the next two are
    std::vector<Entry<IdentifierKey>> by_identifier;
    std::vector<Entry<std::string_view>> by_number;

    static SubjectId id_of(const SubjectPointer& subject) { return subject->id; }

    bool holds(const Subject& subject) const {
        const auto at = std::ranges::lower_bound(by_id, subject.id, {}, id_of);
        return at != by_id.end() && **at == subject;
    }

    /// The new subject, and the one that it takes the place of.
    std::pair<const Subject*, SubjectPointer> put(Subject subject) {
        auto fresh = std::make_shared<const Subject>(std::move(subject));
        const Subject* added = fresh.get();
        const auto at = std::ranges::lower_bound(by_id, added->id, {}, id_of);
        if (at != by_id.end() && (*at)->id == added->id) {
            return {added, std::exchange(*at, std::move(fresh))};
        }
        by_id.insert(at, std::move(fresh));
        return {added, nullptr};
    }
};

struct Registry::Shard {
    std::vector<SpecimenPointer> specimens;  // sorted by name

    bool holds(const RegisteredSpecimen& specimen) const {
        const auto at = std::ranges::lower_bound(specimens, specimen.name, {}, name_of);
        return at != specimens.end() && **at == specimen;
    }
    void put(RegisteredSpecimen specimen) {
        auto fresh = std::make_shared<const RegisteredSpecimen>(std::move(specimen));
        const auto at = std::ranges::lower_bound(specimens, fresh->name, {}, name_of);
        if (at != specimens.end() && (*at)->name == fresh->name) {
            *at = std::move(fresh);
        } else {
            specimens.insert(at, std::move(fresh));
        }
    }
};

Registry::Registry() : subjects_(std::make_shared<const Subjects>()) {
    specimens_.fill(std::make_shared<const Shard>());
}

const Subject* Registry::subject(SubjectId id) const {
    const auto found = std::ranges::lower_bound(subjects_->by_id, id, {}, Subjects::id_of);
    return found != subjects_->by_id.end() && (*found)->id == id ? found->get() : nullptr;
}

std::vector<const Subject*> Registry::subjects_by_identifier(const Identifier& identifier) const {
    return subjects_with(subjects_->by_identifier, key_of(identifier));
}

std::vector<const Subject*> Registry::subjects_by_number(std::string_view number) const {
    return number.empty() ? std::vector<const Subject*>{}
                          : subjects_with(subjects_->by_number, number);
}

const RegisteredSpecimen* Registry::specimen(const SpecimenName& name) const {
    const auto& shard = specimens_[hash_of(name) % kShards]->specimens;
    const auto found = std::ranges::lower_bound(shard, name, {}, name_of);
    const bool known = found != shard.end() && (*found)->name == name && !is_taken_back(**found);
    return known ? found->get() : nullptr;
}

std::vector<const Subject*> Registry::subjects_of(const RegisteredSpecimen& specimen) const {
    std::vector<const Subject*> found = subjects_by_number(specimen.subject_no);
    if (specimen.patient) {
        for (const Subject* subject : subjects_by_identifier(*specimen.patient)) {
            if (std::ranges::find(found, subject) == found.end()) {
                found.push_back(subject);
            }
        }
    }
    std::ranges::sort(found, {}, &Subject::id);
    return found;
}

std::vector<const Subject*> Registry::all_subjects() const {
    std::vector<const Subject*> all;
    all.reserve(subjects_->by_id.size());
    for (const SubjectPointer& subject : subjects_->by_id) {
        all.push_back(subject.get());
    }
    std::ranges::sort(all, [](const Subject* left, const Subject* right) {
        return std::tie(left->study, left->label(), left->id) <
               std::tie(right->study, right->label(), right->id);
    });
    return all;
}

std::vector<const RegisteredSpecimen*> Registry::all_specimens() const {
    std::vector<const RegisteredSpecimen*> all;
    for (const auto& shard : specimens_) {
        for (const SpecimenPointer& specimen : shard->specimens) {
            if (!is_taken_back(*specimen)) {
                all.push_back(specimen.get());
            }
        }
    }
    std::ranges::sort(all, {}, &RegisteredSpecimen::name);
    return all;
}

Registry Registry::with(Subject subject) const {
    if (subjects_->holds(subject)) {
        return at_version(version_ + 1);
    }
    auto subjects = std::make_shared<Subjects>(*subjects_);
    const auto [added, replaced] = subjects->put(std::move(subject));
    merge(subjects->by_identifier, identifiers_of(*added), replaced.get());
    merge(subjects->by_number, numbers_of(*added), replaced.get());
    Registry changed = next();
    changed.subjects_ = std::move(subjects);
    return changed;
}

Registry Registry::with(RegisteredSpecimen specimen) const {
    const std::size_t at = hash_of(specimen.name) % kShards;
    if (specimens_[at]->holds(specimen)) {
        return at_version(version_ + 1);
    }
    auto shard = std::make_shared<Shard>(*specimens_[at]);
    shard->put(std::move(specimen));
    Registry changed = next();
    changed.specimens_[at] = std::move(shard);
    return changed;
}

Registry Registry::with(std::vector<Subject> subjects,
                        std::vector<RegisteredSpecimen> specimens) const {
    const auto known = [&](const Subject& subject) { return subjects_->holds(subject); };
    const auto registered = [&](const RegisteredSpecimen& specimen) {
        return specimens_[hash_of(specimen.name) % kShards]->holds(specimen);
    };
    if (std::ranges::all_of(subjects, known) && std::ranges::all_of(specimens, registered)) {
        return at_version(version_ + 1);
    }
    auto table = std::make_shared<Subjects>(*subjects_);
    for (Subject& subject : subjects) {
        table->put(std::move(subject));
    }
    table->by_identifier.clear();
    table->by_number.clear();
    for (const SubjectPointer& subject : table->by_id) {
        std::ranges::copy(identifiers_of(*subject), std::back_inserter(table->by_identifier));
        std::ranges::copy(numbers_of(*subject), std::back_inserter(table->by_number));
    }
    std::ranges::sort(table->by_identifier, std::less<>{});
    std::ranges::sort(table->by_number, std::less<>{});

    std::array<std::shared_ptr<Shard>, kShards> changed;
    for (RegisteredSpecimen& specimen : specimens) {
        const std::size_t at = hash_of(specimen.name) % kShards;
        if (!changed[at]) {
            changed[at] = std::make_shared<Shard>(*specimens_[at]);
        }
        changed[at]->put(std::move(specimen));
    }
    Registry fresh = next();
    fresh.subjects_ = std::move(table);
    for (std::size_t at = 0; at < kShards; ++at) {
        if (changed[at]) {
            fresh.specimens_[at] = std::move(changed[at]);
        }
    }
    return fresh;
}

Registry Registry::at_version(std::int64_t version) const {
    Registry renamed = *this;
    renamed.version_ = version;
    return renamed;
}

Registry Registry::next() const {
    // One count for the process: two that come of the same snapshot differ too.
    static std::atomic<std::uint64_t> stamps{0};
    Registry changed = at_version(version_ + 1);
    changed.stamp_ = ++stamps;
    return changed;
}

}  // namespace labrelay::study
