#include "labrelay/study/versions.hpp"

#include <algorithm>
#include <span>
#include <tuple>

namespace labrelay::study {
namespace {

using Status = ObservationStatus;
using Versions = std::vector<StoredVersion>;

bool is_settled(const StoredVersion& version) {
    return version.status == Status::final || version.status == Status::promoted;
}
bool is_decisive(const StoredVersion& version) {
    return version.status == Status::corrected || version.status == Status::withdrawn;
}
bool has_value(const StoredVersion& version) {
    return is_settled(version) || version.status == Status::preliminary ||
           version.status == Status::corrected;
}

template <class Predicate>
const StoredVersion* last_of(std::span<const StoredVersion> versions, Predicate fits) {
    const auto found = std::find_if(versions.rbegin(), versions.rend(), fits);
    return found == versions.rend() ? nullptr : &*found;
}

template <class Predicate>
const StoredVersion* first_of(std::span<const StoredVersion> versions, Predicate fits) {
    const auto found = std::ranges::find_if(versions, fits);
    return found == versions.end() ? nullptr : &*found;
}

bool same_meaning(const ResultValue& left, const ResultValue& right) {
    if (left.state != right.state || left.comparator != right.comparator ||
        left.unit != right.unit) {
        return false;
    }
    return left.value_num || right.value_num ? left.value_num == right.value_num
                                             : left.value_text == right.value_text;
}

bool same_report(const ResultValue& left, const ResultValue& right) {
    return !left.value_reported.empty() && left.value_reported == right.value_reported &&
           left.unit_reported == right.unit_reported;
}

VersionVerdict repeat(const StoredVersion& of) {
    VersionVerdict verdict;
    verdict.kind = VersionVerdict::Kind::repeat;
    verdict.rule = Code::repeat_of;
    verdict.repeat_of = of.id;
    return verdict;
}

VersionVerdict hold(Code rule) {
    VersionVerdict verdict;
    verdict.kind = VersionVerdict::Kind::hold;
    verdict.rule = rule;
    return verdict;
}

VersionVerdict store(Code note = Code::none) {
    VersionVerdict verdict;
    verdict.note = note;
    return verdict;
}

/// A statement of the same status that says the same is a repeat where it carries the same time, or
/// where its time is only the message's and nothing else was said between the two.
const StoredVersion* same_statement(const Versions& versions, const StoredVersion& candidate,
                                    bool own_time) {
    const auto counts = [&](const StoredVersion& version) {
        return candidate.status == Status::preliminary
                   ? version.status == Status::preliminary || version.status == Status::not_done
                   : version.status != Status::preliminary;
    };
    const auto same = [&](const StoredVersion& version) {
        return version.status == candidate.status &&
               (candidate.status == Status::withdrawn || candidate.status == Status::not_done ||
                says_the_same(version, candidate));
    };
    const auto same_time = [&](const StoredVersion& version) {
        return same(version) && version.version_time == candidate.version_time;
    };
    if (const auto* found = first_of(versions, same_time); found != nullptr || own_time) {
        return found;
    }
    const auto split = std::ranges::lower_bound(versions, candidate, version_before);
    const auto* before = last_of(std::span(versions.begin(), split), counts);
    const auto* after = first_of(std::span(split, versions.end()), counts);
    if (before != nullptr && same(*before)) {
        return before;
    }
    return after != nullptr && same(*after) ? after : nullptr;
}

/// Two finals contradict each other unless the earlier was no result and the later is its rerun.
bool contradict(const StoredVersion& left, const StoredVersion& right) {
    const StoredVersion& earlier = version_before(left, right) ? left : right;
    return earlier.value.state != units::ResultState::no_result && !says_the_same(left, right);
}

VersionVerdict judge_final(const Versions& versions, const StoredVersion& candidate) {
    const auto same_final = [&](const StoredVersion& version) {
        return version.status == Status::final && says_the_same(version, candidate);
    };
    if (const auto* same = first_of(versions, same_final)) {
        return repeat(*same);
    }
    if (const auto* decisive = last_of(versions, is_decisive)) {
        if (version_before(candidate, *decisive)) {
            return store();
        }
        const bool confirms =
            decisive->status == Status::corrected && says_the_same(*decisive, candidate);
        return confirms ? repeat(*decisive) : hold(Code::final_differs);
    }
    const auto other = [&](const StoredVersion& version) {
        return is_settled(version) && contradict(version, candidate);
    };
    return first_of(versions, other) != nullptr ? hold(Code::final_differs) : store();
}

VersionVerdict judge_promoted(const Versions& versions, const StoredVersion& candidate) {
    const auto split = std::ranges::lower_bound(versions, candidate, version_before);
    const StoredVersion* last = last_of(std::span(versions.begin(), split), has_value);
    const bool settled = std::ranges::any_of(versions, [](const StoredVersion& version) {
        return is_settled(version) || is_decisive(version);
    });
    if (settled) {
        const StoredVersion& current = versions[current_of(versions)];
        return has_value(current) ? repeat(current) : hold(Code::nothing_to_promote);
    }
    if (last == nullptr) {
        return hold(Code::nothing_to_promote);
    }
    VersionVerdict verdict = store();
    verdict.promotes = last;
    return verdict;
}

VersionVerdict judge_decisive(const Versions& versions, const StoredVersion& candidate,
                              bool own_time) {
    if (const auto* same = same_statement(versions, candidate, own_time)) {
        return repeat(*same);
    }
    const auto later_final = [&](const StoredVersion& version) {
        return is_settled(version) && version_before(candidate, version) &&
               (candidate.status == Status::withdrawn || !says_the_same(version, candidate));
    };
    VersionVerdict verdict = store();
    if (first_of(versions, has_value) == nullptr) {
        verdict.note =
            candidate.status == Status::corrected ? Code::correction_first : Code::withdrawal_first;
    }
    if (first_of(versions, later_final) != nullptr && last_of(versions, is_decisive) == nullptr) {
        verdict.notice = Code::final_differs;
    }
    return verdict;
}

VersionVerdict judge_preliminary(const Versions& versions, const StoredVersion& candidate,
                                 bool own_time) {
    if (const auto* same = same_statement(versions, candidate, own_time)) {
        return repeat(*same);
    }
    // A promotion took the last value before it: one that comes now and lies between the two would
    // have been the value that it meant.
    const auto doubts = [&](const StoredVersion& version) {
        if (version.status != Status::promoted || !version_before(candidate, version)) {
            return false;
        }
        const auto between = [&](const StoredVersion& other) {
            return other.status == Status::preliminary && version_before(candidate, other) &&
                   version_before(other, version);
        };
        return first_of(versions, between) == nullptr && !says_the_same(version, candidate);
    };
    if (first_of(versions, doubts) != nullptr) {
        return hold(Code::final_differs);
    }
    const auto outranks = [](const StoredVersion& version) {
        return is_settled(version) || is_decisive(version);
    };
    return store(first_of(versions, outranks) != nullptr ? Code::late_preliminary : Code::none);
}

}  // namespace

int rank(ObservationStatus status) {
    switch (status) {
        case Status::preliminary:
            return 0;
        case Status::final:
        case Status::promoted:
        case Status::not_done:
            return 1;
        case Status::corrected:
            return 2;
        case Status::withdrawn:
            return 3;
    }
    return 0;
}

bool version_before(const StoredVersion& left, const StoredVersion& right) {
    return std::tuple(left.version_time, rank(left.status), left.id) <
           std::tuple(right.version_time, rank(right.status), right.id);
}

std::size_t current_of(std::span<const StoredVersion> versions) {
    const auto has = [&](Status status) {
        return std::ranges::find(versions, status, &StoredVersion::status) != versions.end();
    };
    const bool decided = has(Status::corrected) || has(Status::withdrawn);
    const bool final = has(Status::final);
    const bool promoted = has(Status::promoted);
    const auto candidate = [&](const StoredVersion& version) {
        if (version.status == Status::not_done) {
            return true;
        }
        if (decided) {
            return is_decisive(version);
        }
        if (final) {
            return version.status == Status::final;
        }
        return promoted ? version.status == Status::promoted : true;
    };
    const auto found = std::find_if(versions.rbegin(), versions.rend(), candidate);
    return static_cast<std::size_t>(versions.rend() - found) - 1;
}

bool same_draw(const StoredVersion& left, const StoredVersion& right) {
    if (left.collected_local && right.collected_local) {
        const LocalTime& a = *left.collected_local;
        const LocalTime& b = *right.collected_local;
        if (a.instant && b.instant) {
            return *a.instant == *b.instant;
        }
        return a.day == b.day && a.has_time == b.has_time && a.time_of_day == b.time_of_day;
    }
    return left.collected == right.collected;
}

bool says_the_same(const StoredVersion& left, const StoredVersion& right) {
    return (same_report(left.value, right.value) || same_meaning(left.value, right.value)) &&
           same_draw(left, right);
}

VersionVerdict judge_version(const std::vector<StoredVersion>& versions,
                             const StoredVersion& candidate, bool own_time) {
    if (std::ranges::find(versions, candidate.id, &StoredVersion::id) != versions.end()) {
        VersionVerdict verdict;
        verdict.kind = VersionVerdict::Kind::present;
        return verdict;
    }
    switch (candidate.status) {
        case Status::preliminary:
            return judge_preliminary(versions, candidate, own_time);
        case Status::final:
            return judge_final(versions, candidate);
        case Status::promoted:
            return judge_promoted(versions, candidate);
        case Status::corrected:
        case Status::withdrawn:
            return judge_decisive(versions, candidate, own_time);
        case Status::not_done: {
            const auto* same = same_statement(versions, candidate, own_time);
            return same != nullptr ? repeat(*same) : store();
        }
    }
    return hold(Code::status_unknown);
}

StoredVersion emptied(StoredVersion version) {
    version.status = ObservationStatus::withdrawn;
    version.value.comparator = units::Comparator::none;
    version.value.value_text = "WITHDRAWN";
    version.value.value_num.reset();
    version.value.range_flag.clear();
    version.value.least.reset();
    version.value.most.reset();
    version.value.grade.clear();
    version.value.state = units::ResultState::withdrawn;
    return version;
}

void take_back(ResultRecord& record, ObservationId id, Taken how) {
    const auto found = std::ranges::find(record.versions, id, &StoredVersion::id);
    if (found == record.versions.end()) {
        return;
    }
    if (record.versions.size() == 1) {
        record.taken = how;
        *found = emptied(std::move(*found));
        record.current = 0;
        return;
    }
    record.versions.erase(found);
    record.current = current_of(record.versions);
    const bool only_withdrawn = std::ranges::all_of(
        record.versions, [](const auto& version) { return version.status == Status::withdrawn; });
    if (how == Taken::moved && only_withdrawn) {
        record.taken = Taken::left;
    }
}

void insert_version(ResultRecord& record, StoredVersion version) {
    if (!stands(record.taken)) {
        record.versions.clear();
        record.taken = Taken::no;
    }
    const auto at = std::ranges::upper_bound(record.versions, version, version_before);
    record.versions.insert(at, std::move(version));
    record.current = current_of(record.versions);
}

}  // namespace labrelay::study
