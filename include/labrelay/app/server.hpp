#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "labrelay/app/settings.hpp"
#include "labrelay/app/ways_in.hpp"
#include "labrelay/core/result.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/pipeline/committer.hpp"

namespace labrelay::app {

/// The wiring of one running labrelay: store, committer, ways in, forwarding, HTTP. What serve and
/// demo start. stop() is orderly: listeners first, then what was received is committed and
/// answered, then the forwarding ends.
class Server {
public:
    /// The directory that the configuration was read from. Without files the server runs on what it
    /// is given and keeps no versions.
    struct Directory {
        std::vector<mapping::ConfigurationFile> files;
        bool drop_taught = false;  ///< take the files although they lack what was taught
    };

    /// Runs on `configuration`, or on what was activated since its files were taken
    /// (app/configuration_change.hpp). Errors: those of check_settings(), of take_configuration(),
    /// store-locked, store-newer, store-io, store-key-missing, those of WaysIn::open().
    static Result<Server> start(const ServerSettings& settings,
                                std::shared_ptr<const mapping::Configuration> configuration,
                                const Directory& directory);
    static Result<Server> start(const ServerSettings& settings,
                                std::shared_ptr<const mapping::Configuration> configuration) {
        return start(settings, std::move(configuration), Directory{});
    }
    Server(Server&&) noexcept;
    Server& operator=(Server&&) noexcept;
    ~Server();

    std::uint16_t mllp_port() const;  ///< of the listener `mllp`; 0: it is off
    std::uint16_t http_intake_port() const;
    std::vector<WaysIn::Address> addresses() const;
    std::uint16_t http_port() const;
    pipeline::Committer::Counters commit_counters() const;
    const std::string& config_hash() const;  ///< of what it started with

    /// One line that says what was added and changed. Errors: those of the file, or
    /// registry-conflict.
    Result<std::string> import_subjects(std::string_view csv, const std::string& name);
    Result<std::string> import_specimens(std::string_view csv, const std::string& name);

    /// Waits until everything received is committed, no job is open, and the target has everything.
    void drain();
    void stop();

private:
    struct Parts;
    explicit Server(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace labrelay::app
