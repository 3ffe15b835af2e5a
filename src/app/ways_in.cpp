#include "labrelay/app/ways_in.hpp"

#include <Poco/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <system_error>
#include <thread>
#include <utility>

#include "labrelay/transport/folder_watch.hpp"
#include "labrelay/transport/http_intake.hpp"
#include "labrelay/transport/mllp_dialer.hpp"
#include "labrelay/transport/mllp_server.hpp"

namespace labrelay::app {
namespace {

using transport::ClientCertificate;
using transport::TlsContext;

/// One number of every way of a kind, as Prometheus writes them.
class Family {
public:
    Family(std::string& text, std::string_view label) : text_(text), label_(label) {}

    void begin(std::string_view name, std::string_view type) {
        name_ = name;
        text_ += fmt::format("# TYPE labrelay_{} {}\n", name, type);
    }
    void add(std::string_view way, std::uint64_t value) {
        text_ += fmt::format("labrelay_{}{{{}=\"{}\"}} {}\n", name_, label_, way, value);
    }

private:
    std::string& text_;
    std::string_view label_;
    std::string_view name_;
};

struct MllpNumber {
    std::string_view name;
    std::string_view type;
    std::uint64_t transport::MllpCounters::*value;
};
constexpr std::array kMllpNumbers{
    MllpNumber{"mllp_connections_total", "counter", &transport::MllpCounters::connections},
    MllpNumber{"mllp_connections_open", "gauge", &transport::MllpCounters::open},
    MllpNumber{"mllp_connections_refused_total", "counter", &transport::MllpCounters::refused},
    MllpNumber{"mllp_connections_superseded_total", "counter",
               &transport::MllpCounters::superseded},
    MllpNumber{"mllp_handshakes_failed_total", "counter",
               &transport::MllpCounters::handshakes_failed},
    MllpNumber{"mllp_frames_total", "counter", &transport::MllpCounters::frames},
    MllpNumber{"mllp_stray_bytes_total", "counter", &transport::MllpCounters::stray_bytes},
    MllpNumber{"mllp_frames_truncated_total", "counter", &transport::MllpCounters::truncated},
    MllpNumber{"mllp_frames_oversized_total", "counter", &transport::MllpCounters::oversized},
};

}  // namespace

struct WaysIn::Parts {
    struct Listener {
        ListenerSettings settings;
        std::unique_ptr<transport::MllpServer> server;
    };
    struct Dial {
        DialSettings settings;
        std::unique_ptr<transport::MllpDialer> dialer;
    };
    struct Folder {
        transport::FolderSettings settings;
        std::unique_ptr<transport::FolderWatch> watch;
    };

    Parts(transport::MessageSink& given, transport::LiveTraffic& given_live)
        : sink(given), live(given_live) {}

    Result<void> listen(ListenerSettings listener, const transport::TlsFiles& files);
    Result<void> serve_http(HttpIntakeSettings settings, const transport::TlsFiles& files);
    Result<void> dial(DialSettings settings, const transport::TlsFiles& files);
    Result<void> watch(transport::FolderSettings settings);
    void stop();

    transport::MessageSink& sink;
    transport::LiveTraffic& live;
    std::vector<Listener> listeners;
    HttpIntakeSettings http_settings;
    std::unique_ptr<transport::HttpIntake> http;
    std::vector<Dial> dials;
    std::vector<Folder> folders;
};

namespace {

Result<std::shared_ptr<const TlsContext>> context_for(const Protection& protection,
                                                      const transport::TlsFiles& files) {
    if (!protection.tls) {
        return nullptr;
    }
    return TlsContext::for_server(files, protection.client_certificate
                                             ? ClientCertificate::required
                                             : ClientCertificate::ignored);
}

/// Opens a port that others connect to; `settings.tls` is set where it is protected.
template <class Port, class Settings>
Result<std::unique_ptr<Port>> open_port(std::string_view name, Settings& settings,
                                        const transport::TlsFiles& files,
                                        transport::MessageSink& sink,
                                        transport::LiveTraffic& live) {
    Result<std::shared_ptr<const TlsContext>> tls = context_for(settings.protection, files);
    if (!tls) {
        return tl::unexpected(tls.error());
    }
    settings.tls = std::move(*tls);
    try {
        return std::make_unique<Port>(settings, sink, &live);
    } catch (const Poco::Exception& fault) {
        return fail(Code::connection_failed,
                    Place{fmt::format("{} {}:{}", name, settings.host, settings.port)},
                    fault.displayText());
    }
}

}  // namespace

Result<void> WaysIn::Parts::listen(ListenerSettings settings, const transport::TlsFiles& files) {
    if (!settings.on) {
        return {};
    }
    auto server = open_port<transport::MllpServer>(settings.name, settings, files, sink, live);
    if (!server) {
        return tl::unexpected(server.error());
    }
    listeners.push_back({std::move(settings), std::move(*server)});
    return {};
}

Result<void> WaysIn::Parts::serve_http(HttpIntakeSettings settings,
                                       const transport::TlsFiles& files) {
    if (!settings.on) {
        return {};
    }
    auto intake = open_port<transport::HttpIntake>("http_intake", settings, files, sink, live);
    if (!intake) {
        return tl::unexpected(intake.error());
    }
    http_settings = std::move(settings);
    http = std::move(*intake);
    return {};
}

Result<void> WaysIn::Parts::dial(DialSettings settings, const transport::TlsFiles& files) {
    if (settings.tls) {
        Result<std::shared_ptr<const TlsContext>> tls = TlsContext::for_client(files);
        if (!tls) {
            return tl::unexpected(tls.error());
        }
        settings.conversation.tls = *tls;
    }
    auto dialer = std::make_unique<transport::MllpDialer>(settings, sink, &live);
    dials.push_back({std::move(settings), std::move(dialer)});
    return {};
}

Result<void> WaysIn::Parts::watch(transport::FolderSettings settings) {
    try {
        auto watched = std::make_unique<transport::FolderWatch>(settings, sink);
        folders.push_back({std::move(settings), std::move(watched)});
    } catch (const std::system_error& fault) {
        return fail(Code::pickup_failed, Place{settings.path.string()}, fault.what());
    }
    return {};
}

/// Each may wait for its peers; together they wait no longer than the slowest.
void WaysIn::Parts::stop() {
    std::vector<std::function<void()>> ends;
    for (const Listener& listener : listeners) {
        ends.emplace_back([&listener] { listener.server->stop(); });
    }
    if (http) {
        ends.emplace_back([this] { http->stop(); });
    }
    for (const Dial& dial : dials) {
        ends.emplace_back([&dial] { dial.dialer->stop(); });
    }
    for (const Folder& folder : folders) {
        ends.emplace_back([&folder] { folder.watch->stop(); });
    }
    std::vector<std::thread> threads;
    threads.reserve(ends.size());
    for (const std::function<void()>& end : ends) {
        threads.emplace_back(end);
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

WaysIn::WaysIn(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

WaysIn::~WaysIn() {
    stop();
}

Result<std::unique_ptr<WaysIn>> WaysIn::open(const ServerSettings& settings,
                                             transport::MessageSink& sink,
                                             transport::LiveTraffic& live) {
    // Made first: where one way cannot be opened, those that are open already are stopped.
    std::unique_ptr<WaysIn> ways(new WaysIn(std::make_unique<Parts>(sink, live)));
    Parts& parts = *ways->parts_;
    Result<void> opened = parts.listen(settings.mllp, settings.tls);
    for (const auto& [name, listener] : settings.listeners) {
        opened = opened ? parts.listen(listener, settings.tls) : opened;
    }
    opened = opened ? parts.serve_http(settings.http_intake, settings.tls) : opened;
    for (const auto& [name, folder] : settings.folders) {
        opened = opened ? parts.watch(folder) : opened;
    }
    for (const auto& [name, dial] : settings.dials) {
        opened = opened ? parts.dial(dial, settings.tls) : opened;
    }
    if (!opened) {
        return tl::unexpected(opened.error());
    }
    return ways;
}

void WaysIn::stop() {
    parts_->stop();
}

std::vector<WaysIn::Address> WaysIn::addresses() const {
    std::vector<Address> all;
    for (const Parts::Listener& one : parts_->listeners) {
        all.push_back({"mllp", one.settings.name, one.settings.host, one.server->port(),
                       one.settings.tls != nullptr});
    }
    if (parts_->http) {
        all.push_back({"http", "http_intake", parts_->http_settings.host, parts_->http->port(),
                       parts_->http_settings.tls != nullptr});
    }
    for (const Parts::Dial& one : parts_->dials) {
        all.push_back({"dial", one.settings.conversation.name, one.settings.host, one.settings.port,
                       one.settings.tls});
    }
    for (const Parts::Folder& one : parts_->folders) {
        all.push_back({"folder", one.settings.name, one.settings.path.string(), 0, false});
    }
    return all;
}

std::uint16_t WaysIn::mllp_port() const {
    const auto found =
        std::find_if(parts_->listeners.begin(), parts_->listeners.end(),
                     [](const Parts::Listener& one) { return one.settings.name == "mllp"; });
    return found == parts_->listeners.end() ? std::uint16_t{0} : found->server->port();
}

std::uint16_t WaysIn::http_intake_port() const {
    return parts_->http ? parts_->http->port() : std::uint16_t{0};
}

std::string WaysIn::metrics() const {
    std::string text;
    Family mllp(text, "listener");
    for (const MllpNumber& number : kMllpNumbers) {
        mllp.begin(number.name, number.type);
        for (const Parts::Listener& one : parts_->listeners) {
            mllp.add(one.settings.name, one.server->counters().*number.value);
        }
        for (const Parts::Dial& one : parts_->dials) {
            mllp.add(one.settings.conversation.name,
                     one.dialer->counters().conversation.*number.value);
        }
    }
    if (parts_->http) {
        const transport::HttpIntakeCounters http = parts_->http->counters();
        text += fmt::format(
            "# TYPE labrelay_http_requests_total counter\n"
            "labrelay_http_requests_total{{outcome=\"stored\"}} {}\n"
            "labrelay_http_requests_total{{outcome=\"refused\"}} {}\n"
            "labrelay_http_requests_total{{outcome=\"unavailable\"}} {}\n"
            "# TYPE labrelay_http_connections_refused_total counter\n"
            "labrelay_http_connections_refused_total {}\n",
            http.stored, http.refused, http.unavailable, http.connections_refused);
    }
    Family dials(text, "analyzer");
    if (!parts_->dials.empty()) {
        dials.begin("dial_connected", "gauge");
        for (const Parts::Dial& one : parts_->dials) {
            dials.add(one.settings.conversation.name, one.dialer->counters().connected ? 1 : 0);
        }
        dials.begin("dial_failures_total", "counter");
        for (const Parts::Dial& one : parts_->dials) {
            dials.add(one.settings.conversation.name, one.dialer->counters().failures);
        }
    }
    Family folders(text, "folder");
    if (!parts_->folders.empty()) {
        folders.begin("folder_files_done_total", "counter");
        for (const Parts::Folder& one : parts_->folders) {
            folders.add(one.settings.name, one.watch->counters().done);
        }
        folders.begin("folder_files_failed_total", "counter");
        for (const Parts::Folder& one : parts_->folders) {
            folders.add(one.settings.name, one.watch->counters().failed);
        }
    }
    return text;
}

}  // namespace labrelay::app
