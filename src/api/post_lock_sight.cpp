#include "post_lock_sight.hpp"

#include <algorithm>
#include <optional>

namespace labrelay::api {

bool sees(const views::Sight& sight, const store::PostLockItem& item) {
    if (!sight.sees(item.subject)) {
        return false;
    }
    const study::Subject* subject = sight.registry().subject(item.subject);
    const auto is_closed = [&](const std::optional<study::ResultWords>& words) {
        return words && (subject == nullptr ? sight.is_closed(words->analyte)
                                            : sight.is_closed(subject->study, words->analyte));
    };
    return !is_closed(item.now) && !is_closed(item.told) &&
           std::ranges::none_of(item.differs, is_closed, &study::ToldElsewhere::told);
}

}  // namespace labrelay::api
