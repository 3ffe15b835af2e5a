#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/mapping/teach.hpp"
#include "labrelay/store/configuration_desk.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::api {

// Teaching from a problem: a lesson becomes a configuration of its own.

/// What a repair asks for: `teach-code` {source,code,system,analyte}, `teach-unit`
/// {source,analyte,code,spelled|assume, as?}, `teach-word` {source,word,meaning,canonical?}; a
/// meaning is written `not_detected` or `not detected`. Errors: body-bad.
Result<mapping::Lesson> lesson_from(std::string_view kind, const nlohmann::json& body);

struct Taught {
    std::int64_t version = 0;
    std::string hash;
    std::int64_t again = 0;  ///< messages that are processed again, in the store's own jobs
};

/// What the lessons make of what is in force, in the desk's transaction: it is proposed and
/// activated, and what is held at the source is queued. The caller commits, then has the engine
/// follow (ConfigurationPort::follow). `fits`: ConfigurationPort::fits. `active`: what the lesson
/// was decided on, as its preview said; nothing: whatever is in force. Errors: those of
/// mapping::teach() and check_taught(), config-parent-old, those of `fits`.
Result<Taught> activate_taught(
    store::Desk& desk, const store::Act& act, const std::vector<mapping::Lesson>& lessons,
    std::optional<std::int64_t> active, std::optional<std::int64_t> signature,
    const std::function<Result<void>(const mapping::Configuration&)>& fits);

}  // namespace labrelay::api
