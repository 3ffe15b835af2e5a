#include <algorithm>
#include <array>

#include "labrelay/study/analyte.hpp"
#include "labrelay/study/state.hpp"

namespace labrelay::study {
namespace {

template <class Value>
struct Word {
    Value value;
    std::string_view text;
};

constexpr std::array kSexes{Word<Sex>{Sex::male, "M"}, Word<Sex>{Sex::female, "F"}};

constexpr std::array kDispositions{Word<Disposition>{Disposition::stored, "stored"},
                                   Word<Disposition>{Disposition::held, "held"},
                                   Word<Disposition>{Disposition::ignored, "ignored"}};

constexpr std::array kStatuses{
    Word<ObservationStatus>{ObservationStatus::preliminary, "preliminary"},
    Word<ObservationStatus>{ObservationStatus::final, "final"},
    Word<ObservationStatus>{ObservationStatus::corrected, "corrected"},
    Word<ObservationStatus>{ObservationStatus::promoted, "promoted"},
    Word<ObservationStatus>{ObservationStatus::not_done, "not_done"},
    Word<ObservationStatus>{ObservationStatus::withdrawn, "withdrawn"}};

constexpr std::array kMessageStates{Word<MessageState>{MessageState::received, "received"},
                                    Word<MessageState>{MessageState::processed, "processed"},
                                    Word<MessageState>{MessageState::held, "held"},
                                    Word<MessageState>{MessageState::duplicate, "duplicate"},
                                    Word<MessageState>{MessageState::refused, "refused"},
                                    Word<MessageState>{MessageState::quarantined, "quarantined"},
                                    Word<MessageState>{MessageState::batch, "batch"}};

constexpr std::array kVisitKinds{Word<VisitKind>{VisitKind::scheduled, "scheduled"},
                                 Word<VisitKind>{VisitKind::unscheduled, "unscheduled"},
                                 Word<VisitKind>{VisitKind::history, "history"}};

constexpr std::array kRoles{Word<Role>{Role::chosen, "chosen"},
                            Word<Role>{Role::additional, "additional"}};

template <class Words, class Value>
std::string_view text_of(const Words& words, Value value) {
    const auto* found =
        std::ranges::find_if(words, [value](const auto& word) { return word.value == value; });
    return found == words.end() ? std::string_view{} : found->text;
}

template <class Value, std::size_t kCount>
std::optional<Value> value_of(const std::array<Word<Value>, kCount>& words, std::string_view text) {
    const auto* found =
        std::ranges::find_if(words, [text](const auto& word) { return word.text == text; });
    return found == words.end() ? std::nullopt : std::optional(found->value);
}

}  // namespace

std::string_view to_string(Sex sex) {
    return text_of(kSexes, sex);
}
std::string_view to_string(Disposition disposition) {
    return text_of(kDispositions, disposition);
}
std::string_view to_string(ObservationStatus status) {
    return text_of(kStatuses, status);
}
std::string_view to_string(MessageState state) {
    return text_of(kMessageStates, state);
}
std::string_view to_string(VisitKind kind) {
    return text_of(kVisitKinds, kind);
}
std::string_view to_string(Role role) {
    return text_of(kRoles, role);
}

std::optional<Disposition> disposition_from(std::string_view text) {
    return value_of(kDispositions, text);
}
std::optional<ObservationStatus> observation_status_from(std::string_view text) {
    return value_of(kStatuses, text);
}
std::optional<MessageState> message_state_from(std::string_view text) {
    return value_of(kMessageStates, text);
}
std::optional<VisitKind> visit_kind_from(std::string_view text) {
    return value_of(kVisitKinds, text);
}
std::optional<Role> role_from(std::string_view text) {
    return value_of(kRoles, text);
}

}  // namespace labrelay::study
