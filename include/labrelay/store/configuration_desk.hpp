#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/mapping/difference.hpp"
#include "labrelay/store/configuration_query.hpp"
#include "labrelay/store/desk.hpp"

namespace labrelay::store {

/// What is in force, with its files.
struct ConfigurationInForce {
    ConfigurationActivation activation;
    std::string hash;
    std::vector<mapping::ConfigurationFile> files;
};
std::optional<ConfigurationInForce> configuration_in_force(Desk& desk);
/// The configuration that was last taken from a directory, in force or not: each taking has a row
/// of its own, and going back to an older one is none. Nothing where none was.
std::optional<ConfigurationInForce> configuration_last_taken(Desk& desk);
/// The one that was in force before the one that is; nothing where there was no other.
std::optional<std::int64_t> configuration_before(Desk& desk);
std::optional<ConfigurationRow> configuration(Desk& desk, std::int64_t id);
std::vector<mapping::ConfigurationFile> configuration_files(Desk& desk, std::int64_t id);

/// A configuration as somebody wants it. It loads: files that do not are not stored.
struct ProposedConfiguration {
    std::string hash;
    std::vector<mapping::ConfigurationFile> files;
    std::optional<std::int64_t> parent;
    ConfigurationOrigin origin = ConfigurationOrigin::page;
};
/// Stores it and gives its id; one that is there already with the same files, parent and origin and
/// was never in force gives that one's.
std::int64_t propose_configuration(Desk& desk, const Act& act, const ProposedConfiguration& what);

struct Activation {
    std::int64_t version = 0;
    /// What was in force when it was decided; nothing: whatever is.
    std::optional<std::int64_t> instead_of;
    std::optional<std::int64_t> signature;
};
/// Puts it in force for every transaction after this one, on all nodes of the store, and queues the
/// messages of which something is held at the sources that the difference is about, to be processed
/// again; how many. The subjects of a study that differs are placed again. On a shared store it
/// waits until no batch of any node is under way. Errors: config-unknown, config-parent-old
/// (another one was activated meanwhile).
Result<std::int64_t> activate_configuration(Desk& desk, const Act& act,
                                            const Activation& activation);

}  // namespace labrelay::store
