#include "configuration_candidate.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "labrelay/api/exchange.hpp"
#include "labrelay/mapping/configuration_files.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using Files = std::vector<mapping::ConfigurationFile>;

/// `files` of a body: [{name, text}]; one without text is taken away. Errors: body-bad.
Result<Files> files_of(const json& body) {
    Files files;
    const auto found = body.find("files");
    if (found == body.end() || !found->is_array()) {
        return fail(Code::body_bad, Place{"files"});
    }
    for (const json& file : *found) {
        const auto name = file.find("name");
        const auto text = file.find("text");
        if (!file.is_object() || name == file.end() || !name->is_string() || text == file.end() ||
            !(text->is_string() || text->is_null())) {
            return fail(Code::body_bad, Place{"files"}, "each is {name, text}");
        }
        files.push_back(
            {name->get<std::string>(), text->is_null() ? std::string() : text->get<std::string>()});
    }
    return files;
}

}  // namespace

Result<store::ConfigurationRow> row_named(store::ReadSession& session, const std::string& name) {
    std::optional<std::int64_t> id;
    if (name == "active") {
        if (const auto active = store::active_configuration(session)) {
            id = active->version;
        }
    } else {
        Request request;
        request.parameters["id"] = name;
        if (const auto number = request.number("id")) {
            id = *number;
        }
    }
    std::optional<store::ConfigurationRow> row;
    if (id) {
        row = store::configuration(session, *id);
    }
    if (!row) {
        return fail(Code::config_unknown, Place{"configuration"});
    }
    return std::move(*row);
}

Result<Files> files_named(store::ReadSession& session, const std::string& name) {
    const Result<store::ConfigurationRow> row = row_named(session, name);
    if (!row) {
        return tl::unexpected(row.error());
    }
    return store::configuration_files(session, row->id).value_or(Files{});
}

Result<Candidate> candidate_of(store::ReadSession& session, const json& body) {
    std::string parent = "active";
    if (const auto named = body.find("parent"); named != body.end() && !named->is_null()) {
        parent = named->is_string() ? named->get<std::string>() : named->dump();
    }
    Result<store::ConfigurationRow> row = row_named(session, parent);
    if (!row) {
        return tl::unexpected(row.error());
    }
    Result<Files> changed = files_of(body);
    if (!changed) {
        return tl::unexpected(changed.error());
    }
    Candidate candidate;
    candidate.parent = std::move(*row);
    candidate.parent_files =
        store::configuration_files(session, candidate.parent.id).value_or(Files{});
    candidate.files = mapping::with_changed(candidate.parent_files, std::move(*changed));
    return candidate;
}

Error not_loaded(const mapping::Loaded& loaded) {
    const Finding& first = loaded.errors.front();
    return {Code::configuration_bad, first.place,
            fmt::format("{} {}", entry(first.code).text, first.detail)};
}

}  // namespace labrelay::api
