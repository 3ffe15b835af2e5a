#pragma once

#include <span>
#include <string_view>

#include "labrelay/app/settings.hpp"

namespace labrelay::app {

/// One setting of `Settings`: a row of its table.
template <class Settings>
struct Setting {
    std::string_view name;     ///< after the prefix of what it is a setting of
    std::string_view meaning;  ///< for --help, and for whoever gave it a bad value
    /// False: the text is no value for it.
    bool (*assign)(Settings&, std::string_view);
};

// A new setting is a new row of one of these, in the order in which --help shows them.

std::span<const Setting<ServerSettings>> server_settings();
std::span<const Setting<ListenerSettings>> listener_settings();
std::span<const Setting<HttpIntakeSettings>> http_intake_settings();
std::span<const Setting<DialSettings>> dial_settings();
std::span<const Setting<transport::FolderSettings>> folder_settings();
std::span<const Setting<RemoteTargetSettings>> remote_target_settings();
std::span<const Setting<alarm::ChannelSettings>> alarm_channel_settings();

}  // namespace labrelay::app
