#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace labrelay::store {

/// Through which door a change came.
enum class Origin : std::uint8_t {
    page,     ///< a person's session, in the page or by REST
    command,  ///< a command on this host
    engine,   ///< by itself, by a rule
};
std::string_view to_string(Origin origin);

/// Who changes something, from where and why: what every change takes and its audit row says.
struct Act {
    std::string actor;  ///< an account's name, `root (command)`, or the engine's part: `retention`
    std::string role;   ///< that allowed it; empty: none was needed
    Origin origin = Origin::engine;
    std::string session;      ///< of a person; empty: none
    std::string reason_code;  ///< of the coded reasons; may be empty
    std::string reason;       ///< in the person's words; may be empty
};

/// Somebody at a command on this host, or what the command is called.
inline Act by_command(std::string actor) {
    Act act;
    act.actor = std::move(actor);
    act.origin = Origin::command;
    return act;
}

/// What was changed. `before` and `after` are JSON; empty: it did not exist, or it is gone.
struct AuditedChange {
    std::string_view kind;         ///< `problem`, `account`, `lock` …
    std::string_view what;         ///< one sentence without patient data
    std::string_view object_kind;  ///< `problem`, `subject`, `message`, `account` …
    std::string_view object;       ///< its id
    std::string_view before;
    std::string_view after;
};

}  // namespace labrelay::store
