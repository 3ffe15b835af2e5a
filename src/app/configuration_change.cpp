#include "labrelay/app/configuration_change.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "labrelay/mapping/configuration_files.hpp"
#include "labrelay/store/desk.hpp"

namespace labrelay::app {
namespace {

using mapping::ConfigurationFile;
using Action = ConfigurationRequest::Action;

constexpr std::pair<Action, std::string_view> kActions[] = {
    {Action::activate_files, "activate-files"},
    {Action::activate_version, "activate-version"},
    {Action::rollback, "rollback"},
};

using Files = std::vector<ConfigurationFile>;

bool same_files(const Files& left, const Files& right) {
    return std::ranges::equal(left, right, [](const auto& one, const auto& other) {
        return one.name == other.name && one.bytes == other.bytes;
    });
}

Files sorted(Files files) {
    std::ranges::sort(files, {}, &ConfigurationFile::name);
    return files;
}

Error lacks_error(const std::vector<mapping::ConfigurationChange>& lacking) {
    std::string detail;
    for (const mapping::ConfigurationChange& change : lacking) {
        detail += (detail.empty() ? "" : "\n") + change.sentence;
    }
    return {Code::config_lacks_taught, Place{"configuration"}, std::move(detail)};
}

/// Whether the files may take the place of what is in force.
Result<void> keeps_taught(const std::optional<store::ConfigurationInForce>& taken,
                          const store::ConfigurationInForce& active, const Files& files) {
    if (!taken) {
        return {};
    }
    const auto missing = mapping::lacking(taken->files, active.files, files);
    if (!missing.empty()) {
        return tl::unexpected(lacks_error(missing));
    }
    return {};
}

std::string activated_line(std::int64_t version, std::string_view hash, std::int64_t again) {
    return fmt::format("configuration {} ({}) is active; {} messages are processed again", version,
                       hash.substr(0, 12), again);
}

Result<std::string> activate_files(store::Desk& desk, const ConfigurationRequest& request,
                                   const store::Act& act, const Fits& fits) {
    const auto loaded = loaded_or_error(request.files);
    if (!loaded) {
        return tl::unexpected(loaded.error());
    }
    if (const Result<void> fine = fits(**loaded); !fine) {
        return tl::unexpected(fine.error());
    }
    const auto active = store::configuration_in_force(desk);
    if (active && active->hash == (*loaded)->hash()) {
        return fmt::format("configuration {} ({}) is active already", active->activation.version,
                           active->hash.substr(0, 12));
    }
    if (active && !request.drop_taught) {
        const auto kept =
            keeps_taught(store::configuration_last_taken(desk), *active, request.files);
        if (!kept) {
            return tl::unexpected(kept.error());
        }
    }
    store::ProposedConfiguration proposed;
    proposed.hash = (*loaded)->hash();
    proposed.files = request.files;
    proposed.origin = store::ConfigurationOrigin::files;
    if (active) {
        proposed.parent = active->activation.version;
    }
    const std::int64_t id = store::propose_configuration(desk, act, proposed);
    // Another node may have activated one since it was read.
    const auto again = store::activate_configuration(desk, act, {id, proposed.parent, {}});
    if (!again) {
        return tl::unexpected(again.error());
    }
    return activated_line(id, proposed.hash, *again);
}

Result<std::string> activate_version(store::Desk& desk, const ConfigurationRequest& request,
                                     const store::Act& act, const Fits& fits) {
    const auto row = store::configuration(desk, request.version);
    const Place place{fmt::format("configuration:{}", request.version)};
    if (!row) {
        return fail(Code::config_unknown, place);
    }
    const bool back = request.action == Action::rollback;
    const auto wanted =
        back ? store::ConfigurationState::past : store::ConfigurationState::proposed;
    if (row->state != wanted) {
        return fail(Code::state_change_bad, place,
                    fmt::format("It is {}.", store::to_string(row->state)));
    }
    const auto loaded = loaded_or_error(store::configuration_files(desk, row->id));
    if (!loaded) {
        return tl::unexpected(loaded.error());
    }
    if (const Result<void> fine = fits(**loaded); !fine) {
        return tl::unexpected(fine.error());
    }
    const auto again =
        store::activate_configuration(desk, act, {row->id, back ? std::nullopt : row->parent, {}});
    if (!again) {
        return tl::unexpected(again.error());
    }
    return activated_line(row->id, row->hash, *again);
}

/// The configuration that was in force before this one, where the request names none.
Result<ConfigurationRequest> with_version(store::Desk& desk, ConfigurationRequest request) {
    if (request.action == Action::rollback && request.version == 0) {
        const auto before = store::configuration_before(desk);
        if (!before) {
            return fail(Code::config_unknown, Place{"rollback"}, "None was in force before.");
        }
        request.version = *before;
    }
    return request;
}

}  // namespace

std::string to_json(const ConfigurationRequest& request) {
    nlohmann::json json;
    json["action"] =
        std::ranges::find(kActions, request.action, &std::pair<Action, std::string_view>::first)
            ->second;
    json["version"] = request.version;
    json["by"] = request.by;
    json["reason"] = request.reason;
    json["drop_taught"] = request.drop_taught;
    json["files"] = nlohmann::json::array();
    for (const ConfigurationFile& file : request.files) {
        json["files"].push_back({{"name", file.name}, {"text", file.bytes}});
    }
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<ConfigurationRequest> configuration_request_from(std::string_view text) {
    const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    ConfigurationRequest request;
    try {
        const std::string action = json.at("action").get<std::string>();
        const auto* const known =
            std::ranges::find(kActions, action, &std::pair<Action, std::string_view>::second);
        if (known == std::end(kActions)) {
            return fail(Code::usage, Place{"action"});
        }
        request.action = known->first;
        request.version = json.value("version", std::int64_t{0});
        request.by = json.value("by", "");
        request.reason = json.value("reason", "");
        request.drop_taught = json.value("drop_taught", false);
        for (const nlohmann::json& file : json.value("files", nlohmann::json::array())) {
            request.files.push_back(
                {file.at("name").get<std::string>(), file.at("text").get<std::string>()});
        }
    } catch (const nlohmann::json::exception&) {
        return fail(Code::usage, Place{"config"}, "The request cannot be read.");
    }
    if (request.reason.empty()) {
        return fail(Code::reason_needed, Place{"reason"});
    }
    return request;
}

Result<std::shared_ptr<const mapping::Configuration>> loaded_or_error(const Files& files) {
    mapping::Loaded loaded = mapping::load_configuration(files);
    if (loaded.configuration) {
        return std::move(loaded.configuration);
    }
    std::string detail;
    for (const Finding& finding : loaded.errors) {
        detail += (detail.empty() ? "" : "\n") + describe(finding);
    }
    return fail(Code::configuration_bad, loaded.errors.front().place, std::move(detail));
}

Result<std::string> change_configuration(store::StoreWriter& writer,
                                         const ConfigurationRequest& request, const Fits& fits) {
    store::Act act;
    act.actor = request.by;
    act.origin = store::Origin::command;
    act.reason = request.reason;
    store::Desk desk(writer);
    const Result<ConfigurationRequest> whole = with_version(desk, request);
    if (!whole) {
        return tl::unexpected(whole.error());
    }
    Result<std::string> done = whole->action == Action::activate_files
                                   ? activate_files(desk, *whole, act, fits)
                                   : activate_version(desk, *whole, act, fits);
    if (done) {
        desk.commit();
    }
    return done;
}

namespace {

/// What is in force, under a hash of its own where this software reads the same files otherwise
/// than the one that stored them (another time-zone data, another table of units).
Result<TakenConfiguration> go_on_with(store::Desk& desk, const store::ConfigurationInForce& active,
                                      const store::Act& act) {
    auto loaded = loaded_or_error(active.files);
    if (!loaded) {
        return tl::unexpected(loaded.error());
    }
    TakenConfiguration taken;
    taken.configuration = std::move(*loaded);
    if (taken.configuration->hash() == active.hash) {
        return taken;
    }
    const auto row = store::configuration(desk, active.activation.version);
    const auto last = store::configuration_last_taken(desk);
    const bool last_taken = last && last->activation.version == row->id;
    store::ProposedConfiguration same;
    same.hash = taken.configuration->hash();
    same.files = active.files;
    same.parent = active.activation.version;
    // Nothing was taken from a directory now.
    same.origin = row->origin == store::ConfigurationOrigin::files && !last_taken
                      ? store::ConfigurationOrigin::page
                      : row->origin;
    store::Act told = act;
    told.reason = "the same files, with another version of time-zone data or units";
    const std::int64_t id = store::propose_configuration(desk, told, same);
    const auto again = store::activate_configuration(desk, told, {id, same.parent, {}});
    if (!again) {
        return tl::unexpected(again.error());
    }
    taken.said.push_back(activated_line(id, same.hash, *again) + ": " + told.reason);
    return taken;
}

Result<TakenConfiguration> take_once(store::StoreWriter& writer, const Files& directory,
                                     bool drop_taught, const Fits& fits) {
    ConfigurationRequest request;
    request.files = directory;
    request.drop_taught = drop_taught;
    store::Act act;
    act.actor = "serve";
    act.origin = store::Origin::command;
    act.reason = "the directory that the server was started with";
    store::Desk desk(writer);
    const auto active = store::configuration_in_force(desk);
    const auto last = store::configuration_last_taken(desk);
    Result<TakenConfiguration> taken = TakenConfiguration{};
    const bool as_before =
        active && ((last && !drop_taught && same_files(directory, sorted(last->files))) ||
                   same_files(directory, sorted(active->files)));
    if (as_before) {
        taken = go_on_with(desk, *active, act);
        if (taken && !same_files(directory, sorted(active->files))) {
            taken->said.push_back(fmt::format(
                "configuration {} is in force; it says {} things otherwise than the directory, "
                "which was not changed since it was taken: labrelay config export writes it",
                active->activation.version, mapping::difference(directory, active->files).size()));
        }
    } else {
        auto loaded = loaded_or_error(directory);
        if (!loaded) {
            return tl::unexpected(loaded.error());
        }
        Result<std::string> done = activate_files(desk, request, act, fits);
        if (!done) {
            return tl::unexpected(done.error());
        }
        taken->configuration = std::move(*loaded);
        taken->said.push_back(std::move(*done));
    }
    if (taken) {
        desk.commit();
    }
    return taken;
}

/// Nodes that start at once are as many as this, or fewer.
constexpr int kMostTries = 8;

}  // namespace

Result<TakenConfiguration> take_configuration(store::StoreWriter& writer, const Files& given,
                                              bool drop_taught, const Fits& fits) {
    const Files directory = sorted(given);
    for (int tries = 1;; ++tries) {
        Result<TakenConfiguration> taken = take_once(writer, directory, drop_taught, fits);
        const bool overtaken = !taken && taken.error().code == Code::config_parent_old;
        if (!overtaken || tries == kMostTries) {
            return taken;
        }
    }
}

}  // namespace labrelay::app
