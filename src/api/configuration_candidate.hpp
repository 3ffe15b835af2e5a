#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/mapping/configuration.hpp"
#include "labrelay/store/configuration_query.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::api {

// Configurations as requests name them: one of the store, or files on top of one.

/// `active`, or a number. Errors: config-unknown.
Result<store::ConfigurationRow> row_named(store::ReadSession& session, const std::string& name);
/// Its files. Errors: config-unknown.
Result<std::vector<mapping::ConfigurationFile>> files_named(store::ReadSession& session,
                                                            const std::string& name);

/// What a body proposes: its files on top of its parent's.
struct Candidate {
    store::ConfigurationRow parent;
    std::vector<mapping::ConfigurationFile> parent_files;
    std::vector<mapping::ConfigurationFile> files;
};
/// Errors: config-unknown, body-bad.
Result<Candidate> candidate_of(store::ReadSession& session, const nlohmann::json& body);

/// The first error of files that cannot be loaded.
Error not_loaded(const mapping::Loaded& loaded);

/// The schema of such a body.
inline constexpr std::string_view kConfigurationFiles =
    R"({"type":"object","required":["files"],"properties":{"parent":{"type":["integer","string"]},)"
    R"("files":{"type":"array","items":{"type":"object","required":["name","text"],"properties":)"
    R"({"name":{"type":"string"},"text":{"type":["string","null"]}}}},"cases":{"type":"boolean"},)"
    R"("reason":{"type":"string"}}})";

}  // namespace labrelay::api
