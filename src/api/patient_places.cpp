#include "patient_places.hpp"

#include <memory>
#include <set>
#include <utility>

#include "labrelay/store/configuration_query.hpp"

namespace labrelay::api {
namespace {

/// Configurations that are kept in memory; the next one begins anew.
constexpr std::size_t kMostLoaded = 8;

std::shared_ptr<const mapping::Configuration> load(store::ReadSession& session,
                                                   const std::string& hash) {
    if (hash.empty()) {
        return nullptr;
    }
    for (const store::ConfigurationRow& row : store::configurations_of_hash(session, hash)) {
        if (auto files = store::configuration_files(session, row.id)) {
            if (auto loaded = mapping::load_configuration(std::move(*files));
                loaded.configuration) {
                return loaded.configuration;
            }
        }
    }
    return nullptr;
}

}  // namespace

views::FieldPlaces PatientPlaces::of(store::ReadSession& session,
                                     const store::MessageDetail& detail,
                                     const views::Sight& sight) {
    views::FieldPlaces places;
    views::add_patient_places(sight.configuration(), detail.source, places);
    std::set<std::string> hashes{detail.config_hash};
    for (const store::ProcessedAgain& again : detail.again) {
        hashes.insert(again.config_hash);
    }
    hashes.erase(sight.configuration().hash());
    for (const std::string& hash : hashes) {
        places.merge(then(session, hash, detail.source, sight));
    }
    return places;
}

views::FieldPlaces PatientPlaces::then(store::ReadSession& session, const std::string& hash,
                                       const std::string& source, const views::Sight& sight) {
    std::shared_ptr<const mapping::Configuration> configuration;
    {
        const std::lock_guard lock(mutex_);
        const auto known = loaded_.find(hash);
        if (known != loaded_.end()) {
            configuration = known->second;
        } else {
            configuration = load(session, hash);
            if (loaded_.size() >= kMostLoaded) {
                loaded_.clear();
            }
            loaded_.emplace(hash, configuration);
        }
    }
    views::FieldPlaces places;
    if (configuration != nullptr) {
        views::add_patient_places(*configuration, source, places);
    } else {
        views::add_patient_places(sight.configuration(), {}, places);
    }
    return places;
}

}  // namespace labrelay::api
