#include <algorithm>
#include <array>
#include <initializer_list>

#include "read_setting.hpp"
#include "setting_tables.hpp"

namespace labrelay::app {
namespace {

template <class Enum>
bool read_word(std::string_view text, Enum& value, std::initializer_list<Enum> known) {
    for (const Enum one : known) {
        if (alarm::to_string(one) == text) {
            value = one;
            return true;
        }
    }
    return false;
}

/// As a mail's envelope takes it: nothing that could be a second command.
bool is_mail_address(std::string_view text) {
    return text.find('@') != std::string_view::npos &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return static_cast<unsigned char>(c) > ' ' && c != '<' && c != '>' && c != 0x7f;
           });
}

using A = alarm::ChannelSettings;
constexpr std::array kAlarmSettings{
    Setting<A>{"kind", "mail, webhook or syslog",
               [](A& s, std::string_view v) {
                   using enum A::Kind;
                   return read_word(v, s.kind, {mail, webhook, syslog});
               }},
    Setting<A>{
        "url",
        "mail: smtp://HOST:PORT (STARTTLS) or smtps://HOST:PORT; webhook: https://…; syslog: "
        "udp://HOST:PORT, tcp://HOST:PORT or unix:/dev/log",
        [](A& s, std::string_view v) { return read_text(v, s.url); }},
    Setting<A>{"ca", "PEM file with the CAs that may vouch for it; default the system's",
               [](A& s, std::string_view v) { return read_path(v, s.ca); }},
    Setting<A>{
        "from", "mail: the sender's address",
        [](A& s, std::string_view v) { return read_text(v, s.from) && is_mail_address(s.from); }},
    Setting<A>{"to", "mail: addresses separated by blanks",
               [](A& s, std::string_view v) {
                   const std::vector<std::string_view> words = words_of(v);
                   s.to.assign(words.begin(), words.end());
                   return !s.to.empty() && std::all_of(s.to.begin(), s.to.end(), is_mail_address);
               }},
    Setting<A>{"user", "mail: the login's name; none: no login",
               [](A& s, std::string_view v) { return read_text(v, s.user); }},
    Setting<A>{"secret_file",
               "file of mode 0600: the login's password (mail), the key of the signature (webhook)",
               [](A& s, std::string_view v) { return read_path(v, s.secret_file); }},
    Setting<A>{"about", "what it is told: all (default), critical values, or the system",
               [](A& s, std::string_view v) {
                   using enum A::About;
                   return read_word(v, s.about, {all, critical, system});
               }},
    Setting<A>{"study", "critical values of this study only",
               [](A& s, std::string_view v) { return read_text(v, s.study); }},
};

}  // namespace

std::span<const Setting<alarm::ChannelSettings>> alarm_channel_settings() {
    return kAlarmSettings;
}

}  // namespace labrelay::app
