#pragma once

#include <memory>
#include <mutex>

#include "labrelay/mapping/configuration.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::pipeline {

/// The configuration and the registry that hold now. Readers take a copy and work on it
/// undisturbed. The committer alone puts new ones in place: a registry after the transaction that
/// made it, a configuration at the begin of the first transaction that it holds for. Thread-safe.
class Snapshots {
public:
    Snapshots(std::shared_ptr<const mapping::Configuration> configuration, study::Registry registry)
        : configuration_(std::move(configuration)), registry_(std::move(registry)) {}

    std::shared_ptr<const mapping::Configuration> configuration() const {
        const std::lock_guard lock(mutex_);
        return configuration_;
    }
    study::Registry registry() const {
        const std::lock_guard lock(mutex_);
        return registry_;
    }
    void replace(study::Registry registry) {
        const std::lock_guard lock(mutex_);
        registry_ = std::move(registry);
    }
    void replace(std::shared_ptr<const mapping::Configuration> configuration) {
        const std::lock_guard lock(mutex_);
        configuration_ = std::move(configuration);
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const mapping::Configuration> configuration_;
    study::Registry registry_;
};

}  // namespace labrelay::pipeline
