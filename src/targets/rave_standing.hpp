#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "labrelay/delivery/outbox.hpp"
#include "labrelay/targets/odm.hpp"
#include "labrelay/targets/rave_answer.hpp"

namespace labrelay::targets {

// The words of a Standing of Rave; they read back. Pure.

std::string to_text(const RaveItems& items);
RaveItems items_from(const std::string& text);
/// Subject, event, its repeat key, and the draw that the key stands for.
std::string place_text(const OdmSubjectEvent& event, std::string_view draw);
std::string subject_from(const std::string& place);
/// As a person reads it.
std::string words_of(const RaveItem& item);
/// An empty one where there is none.
delivery::Standing standing_in(const std::vector<delivery::Standing>& standings,
                               std::int64_t number);

/// The numbers that Rave wants where our ODM has texts as repeat keys. A result's repetition of its
/// item group is the result's number within its subject. A draw's repetition of an event outside
/// the schedule is the number of the first result of the draw that Rave was told; from then on it
/// is read from what was told, so it never changes. Of one subject.
class RaveKeys {
public:
    void learn(const std::vector<delivery::Standing>& standings);
    /// Puts numbers for the texts; the draw that the event's key named, empty where it repeats not.
    std::string number(OdmSubjectEvent& event, std::int64_t result);

private:
    using EventDraw = std::pair<std::string, std::string>;
    std::string repeat_of(const EventDraw& draw, std::int64_t result);

    std::map<EventDraw, std::string> repeats_;
};

}  // namespace labrelay::targets
