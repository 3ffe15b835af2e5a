#include "labrelay/mapping/identifier_news.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "find_subject.hpp"

namespace labrelay::mapping {
namespace {

using study::Identifier;
using study::Subject;

using Identifiers = std::vector<ReadIdentifier>;
using Subjects = std::vector<const Subject*>;

hl7::ObservationBinding patient_at(std::size_t position) {
    hl7::ObservationBinding binding;
    binding.pid = position;
    return binding;
}

Identifiers identifiers_at(const MappingContext& context, const hl7::ObservationBinding& patient) {
    const hl7::ObservationScope scope(context.message, patient);
    return read_identifiers(context, scope);
}

std::string words(const Identifiers& identifiers) {
    std::string text;
    for (const ReadIdentifier& read : identifiers) {
        fmt::format_to(std::back_inserter(text), "{}{}:{}", text.empty() ? "" : ", ",
                       read.identifier.authority, read.identifier.value);
    }
    return text;
}

bool knows(const Subject& subject, const Identifier& identifier) {
    return std::find(subject.identifiers.begin(), subject.identifiers.end(), identifier) !=
           subject.identifiers.end();
}

/// The one segment that a merged patient's identifiers stand in.
class MergeScope final : public hl7::SegmentScope {
public:
    explicit MergeScope(hl7::Segment merge) : merge_(merge) {}
    std::optional<hl7::Segment> find(std::string_view id, std::size_t occurrence) const override {
        return id == "MRG" && occurrence == 1 ? std::optional(merge_) : std::nullopt;
    }

private:
    hl7::Segment merge_;
};

/// MRG-1 is to PID-3, and MRG-4 to PID-2, what was before; nothing where a path reads elsewhere.
std::optional<hl7::Path> path_before_merge(const hl7::Path& path) {
    struct Moved {
        std::string_view from;
        std::string_view to;
    };
    constexpr Moved kMoved[] = {{"PID-3", "MRG-1"}, {"PID-2", "MRG-4"}};
    const std::string& text = path.text();
    for (const Moved& moved : kMoved) {
        const bool is_it = text.compare(0, moved.from.size(), moved.from) == 0 &&
                           (text.size() == moved.from.size() || text[moved.from.size()] == '.' ||
                            text[moved.from.size()] == '[');
        if (is_it && path.alternatives().size() == 1) {
            Result<hl7::Path> before =
                hl7::Path::compile(std::string(moved.to) + text.substr(moved.from.size()));
            return before ? std::optional(std::move(*before)) : std::nullopt;
        }
    }
    return std::nullopt;
}

Identifiers identifiers_before(const MappingContext& context, const hl7::Segment& merge) {
    const MergeScope scope(merge);
    Identifiers found;
    for (const PatientLine& line : context.source.patients) {
        const std::optional<hl7::Path> before = path_before_merge(line.from);
        if (!before) {
            continue;
        }
        for (const hl7::PathMatch& match : before->find_all(scope)) {
            const std::string text = match.element.text();
            if (const std::string_view value = trimmed(text); !value.empty()) {
                found.push_back({{line.authority, std::string(value)}, {match.place}});
            }
        }
    }
    return found;
}

/// The patients of a message, one by one.
class News {
public:
    explicit News(const MappingContext& context) : context_(context) {}

    void meet(const Identifiers& identifiers, const Subjects& subjects) {
        known_ = known_ || !subjects.empty();
        for (const ReadIdentifier& read : identifiers) {
            met_.push_back(read.identifier);
        }
    }
    void propose(Code code, const Subject& subject, std::string detail) {
        news_.notices.push_back({code, subject.id, std::move(detail)});
    }
    void new_identifiers(std::size_t position) {
        const hl7::ObservationBinding patient = patient_at(position);
        const Identifiers identifiers = identifiers_at(context_, patient);
        const Subjects subjects = by_identifiers(context_, identifiers);
        meet(identifiers, subjects);
        if (!are_one_person(subjects)) {
            for (const Subject* subject : subjects) {
                propose(Code::identifiers_disagree, *subject, words(identifiers));
            }
            return;
        }
        Notes doubts(Lineage::left_out);
        check_person(context_, patient, subjects, doubts);
        for (const Subject* subject : subjects) {
            if (doubts.holds()) {
                propose(doubts.first_hold(), *subject, words(identifiers));
            } else {
                propose_unknown(identifiers, *subject);
            }
        }
    }
    void merge(std::size_t patient, const hl7::Segment& merge) {
        const Identifiers stays = identifiers_at(context_, patient_at(patient));
        const Identifiers goes = identifiers_before(context_, merge);
        Identifiers both = stays;
        both.insert(both.end(), goes.begin(), goes.end());
        const Subjects subjects = by_identifiers(context_, both);
        meet(both, subjects);
        for (const Subject* subject : subjects) {
            propose(Code::merge_proposed, *subject,
                    fmt::format("{} into {}", goes.empty() ? "an unread number" : words(goes),
                                stays.empty() ? "an unread number" : words(stays)));
        }
    }
    void only_meet(std::size_t position) {
        const Identifiers identifiers = identifiers_at(context_, patient_at(position));
        meet(identifiers, by_identifiers(context_, identifiers));
    }
    IdentifierNews all() && {
        if (!known_) {
            news_.unknown_patients = std::move(met_);
        }
        return std::move(news_);
    }

private:
    void propose_unknown(const Identifiers& identifiers, const Subject& subject) {
        for (const ReadIdentifier& read : identifiers) {
            if (counts(context_, subject, read.identifier.authority) &&
                !knows(subject, read.identifier)) {
                propose(Code::identifier_proposed, subject,
                        fmt::format("{}:{}", read.identifier.authority, read.identifier.value));
            }
        }
    }

    const MappingContext& context_;
    IdentifierNews news_;
    std::vector<Identifier> met_;
    bool known_ = false;
};

template <class Visit>
void for_each_segment(const hl7::Message& message, std::string_view id, const Visit& visit) {
    for (std::size_t position = 1; position <= message.segment_count(); ++position) {
        if (message.segment(position).id() == id) {
            visit(position);
        }
    }
}

}  // namespace

IdentifierNews read_new_identifiers(const MappingContext& context) {
    News news(context);
    for_each_segment(context.message, "PID", [&](std::size_t at) { news.new_identifiers(at); });
    return std::move(news).all();
}

IdentifierNews read_merges(const MappingContext& context) {
    News news(context);
    std::size_t patient = 0;
    for (std::size_t position = 1; position <= context.message.segment_count(); ++position) {
        const hl7::Segment segment = context.message.segment(position);
        if (segment.id() == "PID") {
            patient = position;
        } else if (segment.id() == "MRG") {
            news.merge(patient, segment);
        }
    }
    return std::move(news).all();
}

IdentifierNews read_patients(const MappingContext& context) {
    News news(context);
    for_each_segment(context.message, "PID", [&](std::size_t at) { news.only_meet(at); });
    return std::move(news).all();
}

}  // namespace labrelay::mapping
