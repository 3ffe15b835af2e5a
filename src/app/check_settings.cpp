#include <fmt/format.h>
#include <utility>

#include "labrelay/app/settings.hpp"
#include "labrelay/core/loopback.hpp"

namespace labrelay::app {
namespace {

/// What is wrong with the settings as a whole.
class SettingsCheck {
public:
    explicit SettingsCheck(ServerSettings& settings) : settings_(settings) {}

    std::vector<Error> run() {
        check_listener("mllp", settings_.mllp);
        for (auto& [name, listener] : settings_.listeners) {
            const std::string whole = "listener." + name;
            if (listener.on && !listener.port_given && !listener.protection.tls) {
                add(whole + ".port: the listener needs a port (2576 is the default of TLS only)");
            } else if (!listener.port_given) {
                listener.port = kTlsPort;
            }
            check_listener(whole, listener);
        }
        check_intake();
        for (const auto& [name, dial] : settings_.dials) {
            if (dial.tls && settings_.tls.ca.empty()) {
                add(fmt::format("dial.{}.tls: needs tls.ca", name));
            }
        }
        for (const auto& [name, folder] : settings_.folders) {
            check_folder(name, folder);
        }
        for (const auto& [name, target] : settings_.remote_targets) {
            check_target(name, target);
        }
        for (const auto& [name, channel] : settings_.alarm_channels) {
            for (const std::string& wrong : alarm::check_channel(channel)) {
                add(fmt::format("alarm.{}.{}", name, wrong));
            }
        }
        check_page();
        check_oidc();
        return std::move(errors_);
    }

private:
    static constexpr std::uint16_t kTlsPort = 2576;

    void check_listener(const std::string& name, ListenerSettings& listener) {
        if (name == "mllp" && !listener.port_given && listener.protection.tls) {
            listener.port = kTlsPort;
        }
        check_protection(name, listener.on, listener.host, listener.protection);
    }

    void check_intake() {
        HttpIntakeSettings& intake = settings_.http_intake;
        if (!intake.port_given && settings_.mllp.port == 0) {
            intake.port = 0;
        }
        check_protection("http_intake", intake.on, intake.host, intake.protection);
    }

    void check_protection(const std::string& name, bool on, const std::string& host,
                          const Protection& protection) {
        check_protection(name, on, host, protection, settings_.tls);
    }

    void check_protection(const std::string& name, bool on, const std::string& host,
                          const Protection& protection, const transport::TlsFiles& files) {
        if (!on) {
            return;
        }
        if (!protection.tls && !is_loopback(host) && protection.allow_plain != kAllowPlain) {
            add(
                fmt::format("{0}.host: {1} is not loopback and the port has no TLS; set {0}.tls to "
                            "yes, or {0}.allow_plain to \"{2}\"",
                            name, host, kAllowPlain));
        }
        if (protection.tls && (files.certificate.empty() || files.key.empty())) {
            add(name + ".tls: needs tls.certificate and tls.key");
        }
        if (protection.client_certificate && !protection.tls) {
            add(name + ".client_certificate: needs tls");
        }
        if (protection.tls && protection.client_certificate && settings_.tls.ca.empty()) {
            add(name + ".client_certificate: needs tls.ca");
        }
    }

    void check_folder(const std::string& name, const transport::FolderSettings& folder) {
        if (folder.path.empty()) {
            add(fmt::format("folder.{}.path: the folder is not named", name));
        }
        for (const auto& [other, same] : settings_.folders) {
            if (other < name &&
                (same.path / "").lexically_normal() == (folder.path / "").lexically_normal()) {
                add(fmt::format("folder.{}.path: is the folder of {} already", name, other));
            }
        }
    }

    void check_target(const std::string& name, const RemoteTargetSettings& target) {
        const auto needs = [&](bool given, std::string_view key) {
            if (!given) {
                add(fmt::format("target.{}.{}: is needed", name, key));
            }
        };
        if (name == "study") {
            add("target.study: this name is the study database's; its settings are target.url and "
                "target.paused");
        }
        using Kind = RemoteTargetSettings::Kind;
        needs(target.kind != Kind::none, "kind");
        needs(!target.url.empty(), "url");
        needs(!target.study.empty(), "study");
        if (target.kind == Kind::rave) {
            needs(!target.password_file.empty(), "password_file");
            needs(!target.project.empty(), "project");
            needs(!target.environment.empty(), "environment");
            if (!target.url.empty() && !target.url.ends_with("/RaveWebServices")) {
                add(fmt::format("target.{}.url: ends with /RaveWebServices", name));
            }
        } else {
            needs(!target.token_file.empty(), "token_file");
        }
        check_foreign(name, target);
        if (!target.url.empty() && !is_protected_url(target.url)) {
            add(fmt::format("target.{}.url: {}", name,
                            target.url.starts_with("http://")
                                ? "a token never travels unencrypted; write https"
                                : "write https://…"));
        }
    }

    /// A setting of the other kind is a mistake that nobody would see.
    void check_foreign(const std::string& name, const RemoteTargetSettings& target) {
        const bool rave = target.kind == RemoteTargetSettings::Kind::rave;
        const auto only = [&](bool given, std::string_view key, std::string_view kind) {
            if (given) {
                add(fmt::format("target.{}.{}: is of {} only", name, key, kind));
            }
        };
        only(rave && !target.token_file.empty(), "token_file", "redcap");
        only(!rave && !target.password_file.empty(), "password_file", "rave");
        only(!rave && !target.project.empty(), "project", "rave");
        only(!rave && !target.environment.empty(), "environment", "rave");
    }

    void check_page() {
        const transport::TlsFiles& own = settings_.http_files;
        if (own.certificate.empty() != own.key.empty()) {
            add("http.certificate and http.key belong together");
        }
        if (!own.certificate.empty() && !settings_.http_tls) {
            add("http.certificate: needs http.tls");
        }
        check_protection("http", true, settings_.http_host,
                         {settings_.http_tls, false, settings_.http_allow_plain},
                         settings_.page_files());
        if (settings_.http_tls) {
            settings_.console.secure_cookie = true;
        }
    }

    void check_oidc() {
        const OidcSettings& oidc = settings_.oidc;
        settings_.console.by_provider = oidc.on();
        if (!oidc.on()) {
            return;
        }
        if (!is_protected_url(oidc.issuer)) {
            add("oidc.issuer: write https://…");
        }
        if (oidc.client_id.empty()) {
            add("oidc.client_id: is needed");
        }
        if (!is_protected_url(oidc.page)) {
            add("console.url: the page's address with https://, for the provider's answer");
        }
    }

    void add(std::string detail) {
        errors_.push_back(Error{Code::setting_bad, {}, std::move(detail)});
    }

    ServerSettings& settings_;
    std::vector<Error> errors_;
};

}  // namespace

bool is_protected_url(std::string_view url) {
    constexpr std::string_view kPlain = "http://";
    if (url.starts_with(kPlain)) {
        const std::string_view rest = url.substr(kPlain.size());
        return is_loopback(rest.substr(0, rest.find_first_of(":/")));
    }
    return url.starts_with("https://");
}

std::vector<Error> check_settings(ServerSettings& settings) {
    return SettingsCheck(settings).run();
}

}  // namespace labrelay::app
