#include "labrelay/study/overlay.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "labrelay/study/decide.hpp"

namespace labrelay::study {
namespace {

constexpr std::array<std::pair<OverlayKind, std::string_view>, 4> kKinds{{
    {OverlayKind::subject, "subject"},
    {OverlayKind::visit, "visit"},
    {OverlayKind::accept, "accept"},
    {OverlayKind::ignore, "ignore"},
}};

// Each doubts a value that was read, mapped and converted without doubt.
constexpr std::array kWaivable{
    Code::implausible_value, Code::unit_mix_up,   Code::flag_differs,      Code::panel_differs,
    Code::ratio_differs,     Code::log_differs,   Code::duplicate_differs, Code::specimen_suspect,
    Code::delta_exceeded,    Code::course_factor, Code::final_differs,
};

/// The subject, and the same person in other studies.
void add_person(SubjectId id, const Registry& registry, std::set<SubjectId>& subjects) {
    const Subject* subject = registry.subject(id);
    if (subject == nullptr) {
        return;
    }
    subjects.insert(id);
    for (const Identifier& identifier : subject->identifiers) {
        for (const Subject* same : registry.subjects_by_identifier(identifier)) {
            subjects.insert(same->id);
        }
    }
}

}  // namespace

std::string_view to_string(OverlayKind kind) {
    for (const auto& [known, text] : kKinds) {
        if (known == kind) {
            return text;
        }
    }
    return {};
}

std::optional<OverlayKind> overlay_kind_from(std::string_view text) {
    for (const auto& [kind, known] : kKinds) {
        if (known == text) {
            return kind;
        }
    }
    return std::nullopt;
}

const Overlay* decision(std::span<const Overlay> overlays, std::int32_t ordinal, OverlayKind kind) {
    const Overlay* found = nullptr;
    for (const Overlay& overlay : overlays) {
        if (!overlay.ended && overlay.kind == kind && overlay.about(ordinal) &&
            (found == nullptr || overlay.id > found->id)) {
            found = &overlay;
        }
    }
    return found;
}

bool has_news(std::span<const Overlay> overlays, std::int32_t ordinal) {
    return std::ranges::any_of(
        overlays, [&](const Overlay& overlay) { return overlay.news && overlay.about(ordinal); });
}

bool may_be_waived(Code rule) {
    return std::ranges::find(kWaivable, rule) != kWaivable.end();
}

Acceptance acceptance(std::span<const Overlay> overlays, std::int32_t ordinal, Code rule,
                      std::string_view value, std::string_view unit) {
    Acceptance said = Acceptance::none;
    if (!may_be_waived(rule)) {
        return said;
    }
    for (const Overlay& overlay : overlays) {
        if (overlay.ended || overlay.kind != OverlayKind::accept || overlay.rule != rule ||
            !overlay.about(ordinal)) {
            continue;
        }
        if (overlay.value == value && overlay.unit == unit) {
            return Acceptance::accepted;
        }
        said = Acceptance::stale;
    }
    return said;
}

std::vector<SubjectId> subjects_in_question(std::span<const PriorObservation> prior,
                                            std::span<const Overlay> overlays,
                                            const Registry& registry) {
    std::set<SubjectId> subjects;
    for (const PriorObservation& before : prior) {
        const bool settled =
            before.disposition == Disposition::stored && !has_news(overlays, before.ordinal);
        if (before.subject && !settled) {
            add_person(before.subject, registry, subjects);
        }
    }
    for (const Overlay& overlay : overlays) {
        add_person(overlay.subject, registry, subjects);
        add_person(overlay.from, registry, subjects);
    }
    return {subjects.begin(), subjects.end()};
}

}  // namespace labrelay::study
