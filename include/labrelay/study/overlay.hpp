#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/error_catalogue.hpp"
#include "labrelay/core/ids.hpp"

namespace labrelay::study {

enum class OverlayKind : std::uint8_t {
    subject,  ///< the observation belongs to this subject, whatever its identifiers say
    visit,    ///< its specimen belongs on this visit, or on none
    accept,   ///< its value is taken as it is although a rule held it
    ignore,   ///< it is not for the study
};
std::string_view to_string(OverlayKind kind);
std::optional<OverlayKind> overlay_kind_from(std::string_view text);

/// A person's decision for one message: never an edit of it. A value; whoever processes the message
/// gives it all of its overlays. A decision is ended, never changed; of two of one kind for one
/// observation the later counts.
struct Overlay {
    std::int64_t id = 0;       ///< later ones are greater
    std::int32_t ordinal = 0;  ///< of the observation; 0: every observation of the message
    OverlayKind kind = OverlayKind::subject;
    SubjectId subject = {};   ///< subject: whose it is
    SubjectId from = {};      ///< subject: whose it was taken for, where the specimen was moved
    std::string visit;        ///< visit: empty: unscheduled
    Code rule = Code::none;   ///< accept: the rule that it is accepted against …
    std::string value;        ///< … for exactly this value as reported …
    std::string unit;         ///< … in this unit as reported
    std::string reason_code;  ///< ignore
    bool ended = false;       ///< no longer holds
    bool news = false;        ///< the message was not processed since it was made or ended

    bool about(std::int32_t observation) const { return ordinal == 0 || ordinal == observation; }
    bool moves() const { return kind == OverlayKind::subject && static_cast<bool>(from); }
};

/// What holds for an observation; nothing where nobody decided.
const Overlay* decision(std::span<const Overlay> overlays, std::int32_t ordinal, OverlayKind kind);
/// Something was decided or ended for the observation since the message was processed.
bool has_news(std::span<const Overlay> overlays, std::int32_t ordinal);

/// Whether a person may take a value as it is against this rule: what doubts a value that is known,
/// never what makes the value, its unit, its subject or its time unknown. The list is
/// docs/repair.md's.
bool may_be_waived(Code rule);

enum class Acceptance : std::uint8_t { none, accepted, stale };
/// Whether the observation's value was accepted against `rule`. Stale: it was, and for another
/// value.
Acceptance acceptance(std::span<const Overlay> overlays, std::int32_t ordinal, Code rule,
                      std::string_view value, std::string_view unit);

}  // namespace labrelay::study
