#pragma once

#include <memory>
#include <string>

#include "labrelay/api/alarm_routes.hpp"
#include "labrelay/api/config_routes.hpp"
#include "labrelay/api/services.hpp"
#include "labrelay/api/study_end.hpp"
#include "labrelay/app/settings.hpp"
#include "labrelay/pipeline/committer.hpp"
#include "labrelay/store/data_directory.hpp"

namespace labrelay::app {

/// The HTTP side of a running server: its resources, who may ask for them, the page. Takes requests
/// from construction (throws Poco::Exception where the port is taken) to stop(). What it is given
/// outlives it.
class Console {
public:
    /// What it shows and changes.
    struct Engine {
        store::StoreWriter& writer;
        const pipeline::Snapshots& snapshots;
        pipeline::Committer& committer;
        const Clock& clock;
        api::EnginePort& port;
        api::AlarmPort& alarms;
        api::ConfigurationPort& configurations;
        api::StudyEndPort& study_end;
    };

    /// `tls`: nothing, it speaks plain.
    Console(const ServerSettings& settings, const store::DataDirectory& directory,
            std::shared_ptr<const transport::TlsContext> tls, const Engine& engine);
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;
    ~Console();

    std::uint16_t port() const;
    /// By which commands on this host are known.
    const std::string& token() const;
    void stop();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace labrelay::app
