#pragma once

#include <memory>
#include <string>

#include "labrelay/alarm/channel.hpp"

namespace labrelay::alarm {

std::unique_ptr<Channel> mail_channel(const ChannelSettings& settings);
std::unique_ptr<Channel> webhook_channel(const ChannelSettings& settings);
std::unique_ptr<Channel> syslog_channel(const ChannelSettings& settings);

tl::unexpected<Error> not_sent(std::string why);

}  // namespace labrelay::alarm
