#include <array>

#include "read_setting.hpp"
#include "setting_tables.hpp"

namespace labrelay::app {
namespace {

using T = RemoteTargetSettings;
constexpr std::array kTargetSettings{
    Setting<T>{"kind", "redcap or rave",
               [](T& s, std::string_view v) {
                   s.kind = v == "rave" ? T::Kind::rave : T::Kind::redcap;
                   return v == "redcap" || v == "rave";
               }},
    Setting<T>{"url",
               "redcap: the API's final address, https, with the slash at its end; rave: "
               "https://HOST/RaveWebServices",
               [](T& s, std::string_view v) { return read_text(v, s.url); }},
    Setting<T>{"token_file", "redcap: file of mode 0600 with the token alone",
               [](T& s, std::string_view v) { return read_path(v, s.token_file); }},
    Setting<T>{"password_file", "rave: file of mode 0600 with user:password alone",
               [](T& s, std::string_view v) { return read_path(v, s.password_file); }},
    Setting<T>{"project", "rave: the project's name",
               [](T& s, std::string_view v) { return read_text(v, s.project); }},
    Setting<T>{"environment", "rave: the project's environment, such as Prod or UAT",
               [](T& s, std::string_view v) { return read_text(v, s.environment); }},
    Setting<T>{"ca", "PEM file with the CAs that may vouch for it; default the system's",
               [](T& s, std::string_view v) { return read_path(v, s.ca); }},
    Setting<T>{"study", "id of the study whose results it gets; its study.xml says where they go",
               [](T& s, std::string_view v) { return read_text(v, s.study); }},
    Setting<T>{"paused", "as of target",
               [](T& s, std::string_view v) { return read_bool(v, s.paused); }},
    Setting<T>{"requests_per_minute", "never exceeded, default 60: too many are banned",
               [](T& s, std::string_view v) {
                   return read_number<std::uint32_t>(v, s.requests_per_minute, 1, 300);
               }},
};

}  // namespace

std::span<const Setting<RemoteTargetSettings>> remote_target_settings() {
    return kTargetSettings;
}

}  // namespace labrelay::app
