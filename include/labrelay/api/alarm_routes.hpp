#pragma once

#include <optional>
#include <string>
#include <vector>

#include "labrelay/api/services.hpp"

namespace labrelay::api {

/// A way to a person, as the page shows it: without secrets.
struct AlarmChannelView {
    std::string name;
    std::string kind;
    std::string where;  ///< the address
    std::string about;
    std::string study;
};

struct AlarmTrial {
    std::string channel;
    std::string why;  ///< empty: it was sent
};

/// What the HTTP side asks of the running alarms. Called from request threads, concurrently.
class AlarmPort {
public:
    virtual ~AlarmPort() = default;
    virtual std::vector<AlarmChannelView> channels() const = 0;
    /// Sends a notice that says it is a trial, to one channel or (empty) to all; waits for them.
    virtual std::vector<AlarmTrial> try_channels(const std::string& channel) = 0;
};

/// GET /alarms, POST /alarms/test.
void add_alarm_routes(Router& router, const Services& services, AlarmPort& alarms);
/// GET /critical, POST /critical/{id}/acknowledge.
void add_critical_routes(Router& router, const Services& services);

/// One setting as it is in force; no value: the default that the meaning names.
struct SettingView {
    std::string name;
    std::optional<std::string> value;
    std::string meaning;
};
/// GET /settings.
void add_settings_routes(Router& router, std::vector<SettingView> settings);

}  // namespace labrelay::api
