#include "labrelay/api/config_routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "configuration_candidate.hpp"
#include "labrelay/mapping/configuration_files.hpp"
#include "labrelay/store/configuration_desk.hpp"
#include "labrelay/store/configuration_query.hpp"
#include "reading.hpp"
#include "workbench_routes.hpp"

namespace labrelay::api {
namespace {

using mapping::ConfigurationFile;
using nlohmann::json;
using nlohmann::ordered_json;
using security::Permission;
using Files = std::vector<ConfigurationFile>;

constexpr std::string_view kActivate = "config.activate";
constexpr std::size_t kVersionsShown = 200;

/// What the routes share: where they read and what they ask of the engine.
struct Desks {
    const Services& services;
    ConfigurationPort& port;
    FourEyes& four_eyes;
    Signing& signing;
};

Result<std::string> reason_of(const json& body) {
    const auto found = body.find("reason");
    if (found == body.end() || !found->is_string() || found->get<std::string>().empty()) {
        return fail(Code::reason_needed, Place{"reason"});
    }
    return found->get<std::string>();
}

Response list(store::ReadSession& session) {
    ordered_json told;
    told["active"] = nullptr;
    if (const auto active = store::active_configuration(session)) {
        if (const auto row = store::configuration(session, active->version)) {
            told["active"] = views::activation_json(*row, *active);
        }
    }
    told["versions"] = ordered_json::array();
    for (const store::ConfigurationRow& row :
         store::configurations(session, std::nullopt, kVersionsShown)) {
        told["versions"].push_back(views::configuration_json(row));
    }
    return answer(told);
}

Response file_list(const Files& files) {
    ordered_json told = ordered_json::array();
    for (const ConfigurationFile& file : files) {
        told.push_back({{"name", file.name}, {"size", file.bytes.size()}});
    }
    return answer(told);
}

Result<Response> one_file(const Files& files, const std::string& name) {
    const auto file = std::ranges::find(files, name, &ConfigurationFile::name);
    if (file == files.end()) {
        return fail(Code::not_found, Place{"file"});
    }
    Response made;
    made.content_type = "text/plain; charset=utf-8";
    made.body = file->bytes;
    return made;
}

Result<Response> propose(const Desks& desks, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (const auto reason = reason_of(*body); !reason) {
        return tl::unexpected(reason.error());
    }
    return with_reads(desks.services, [&](store::ReadSession& session) -> Result<Response> {
        Result<Candidate> candidate = candidate_of(session, *body);
        if (!candidate) {
            return tl::unexpected(candidate.error());
        }
        if (candidate->parent.state != store::ConfigurationState::active) {
            return fail(Code::config_parent_old, Place{"parent"});
        }
        const mapping::Loaded loaded = mapping::load_configuration(candidate->files);
        if (!loaded.configuration) {
            return tl::unexpected(not_loaded(loaded));
        }
        store::Desk desk(desks.services.writer);
        const std::int64_t id =
            store::propose_configuration(desk, request.act(Permission::config_propose, *body),
                                         {loaded.configuration->hash(), std::move(candidate->files),
                                          candidate->parent.id, store::ConfigurationOrigin::page});
        const auto row = store::configuration(desk, id);
        desk.commit();
        return answer(views::configuration_json(*row), 201);
    });
}

/// Whoever wrote it is not the one who puts it in force. A command on this host has no person's
/// signature; it is audited as what it is.
Result<void> second_person(const Desks& desks, const Request& request,
                           const store::ConfigurationRow& row) {
    if (!request.who.command && row.author == request.who.name &&
        desks.four_eyes.required(kActivate)) {
        return fail(Code::four_eyes_same_person, Place{"configuration"});
    }
    return {};
}

/// `back`: to one that was in force before, which needs no parent to be active.
Result<Response> put_in_force(const Desks& desks, const Request& request, const std::string& name,
                              bool back) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (const auto reason = reason_of(*body); !reason) {
        return tl::unexpected(reason.error());
    }
    store::ConfigurationRow row;
    Files files;
    const Result<Response> found =
        with_reads(desks.services, [&](store::ReadSession& session) -> Result<Response> {
            Result<store::ConfigurationRow> named = row_named(session, name);
            if (!named) {
                return tl::unexpected(named.error());
            }
            row = std::move(*named);
            files = store::configuration_files(session, row.id).value_or(Files{});
            return Response{};
        });
    if (!found) {
        return found;
    }
    const auto wanted =
        back ? store::ConfigurationState::past : store::ConfigurationState::proposed;
    if (row.state != wanted) {
        return fail(Code::state_change_bad, Place{"configuration"},
                    fmt::format("It is {}.", store::to_string(row.state)));
    }
    if (const auto other = second_person(desks, request, row); !other) {
        return tl::unexpected(other.error());
    }
    const mapping::Loaded loaded = mapping::load_configuration(files);
    if (!loaded.configuration) {
        return tl::unexpected(not_loaded(loaded));
    }
    if (const auto fine = desks.port.fits(*loaded.configuration); !fine) {
        return tl::unexpected(fine.error());
    }
    EnterSignature enter;
    if (!request.who.command) {
        Result<EnterSignature> checked = desks.signing.confirm(request, *body);
        if (!checked) {
            return tl::unexpected(checked.error());
        }
        enter = std::move(*checked);
    }
    ordered_json told;
    {
        store::Desk desk(desks.services.writer);
        store::Activation activation{row.id, back ? std::nullopt : row.parent, {}};
        if (enter) {
            activation.signature =
                enter(desk, "configuration", std::to_string(row.id), {{"hash", row.hash}});
        }
        const auto again = store::activate_configuration(
            desk, request.act(Permission::config_activate, *body), activation);
        if (!again) {
            return tl::unexpected(again.error());
        }
        told = views::configuration_json(*store::configuration(desk, row.id));
        told["processed_again"] = *again;
        desk.commit();
    }
    desks.port.follow();
    return answer(told);
}

Result<Response> rollback(const Desks& desks, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    const auto to = body->find("to");
    if (to == body->end() || !(to->is_number_integer() || to->is_string())) {
        return fail(Code::body_bad, Place{"to"});
    }
    return put_in_force(desks, request, to->is_string() ? to->get<std::string>() : to->dump(),
                        true);
}

constexpr std::string_view kVersion =
    R"({"type":"object","properties":{"id":{"type":"integer"},"hash":{"type":"string"},)"
    R"("parent":{"type":["integer","null"]},"author":{"type":"string"},"at":{"type":"string"},)"
    R"("reason":{"type":"string"},"origin":{"enum":["files","page","taught"]},)"
    R"("state":{"enum":["active","past","proposed"]},"etag":{"type":"string"}}})";
constexpr std::string_view kSigned =
    R"({"type":"object","required":["reason"],"properties":{"reason":{"type":"string"},)"
    R"("to":{"type":["integer","string"]},"signature":{"type":"object"}}})";

void add_reading_routes(Router& router, const Desks& desks) {
    const auto add =
        [&](std::string_view path, std::string_view summary, std::string_view gives,
            std::function<Result<Response>(store::ReadSession&, const Request&)> work) {
            router.add({Method::get,
                        path,
                        Access::of(Permission::config_view),
                        summary,
                        {},
                        {},
                        gives,
                        [desks, work = std::move(work)](const Request& request) {
                            return with_reads(desks.services, [&](store::ReadSession& session) {
                                return work(session, request);
                            });
                        }});
        };
    add("/config", "The active configuration and its versions", {},
        [](store::ReadSession& session, const Request&) -> Result<Response> {
            return list(session);
        });
    add("/config/{id}", "One configuration; `active` is the active one", kVersion,
        [](store::ReadSession& session, const Request& request) -> Result<Response> {
            const auto row = row_named(session, request.parameter("id"));
            if (!row) {
                return tl::unexpected(row.error());
            }
            return answer(views::configuration_json(*row));
        });
    add("/config/{id}/files", "The names of its files", {},
        [](store::ReadSession& session, const Request& request) -> Result<Response> {
            const auto files = files_named(session, request.parameter("id"));
            if (!files) {
                return tl::unexpected(files.error());
            }
            return file_list(*files);
        });
    add("/config/{id}/files/{name...}", "One file, byte for byte", {},
        [](store::ReadSession& session, const Request& request) -> Result<Response> {
            const auto files = files_named(session, request.parameter("id"));
            if (!files) {
                return tl::unexpected(files.error());
            }
            return one_file(*files, request.parameter("name"));
        });
    add("/config/{id}/diff/{other}", "What two configurations say differently", {},
        [](store::ReadSession& session, const Request& request) -> Result<Response> {
            const auto before = files_named(session, request.parameter("id"));
            const auto after = files_named(session, request.parameter("other"));
            if (!before || !after) {
                return tl::unexpected(before ? after.error() : before.error());
            }
            return answer({{"changes", views::changes_json(mapping::difference(*before, *after))}});
        });
}

}  // namespace

void add_config_routes(Router& router, const Services& services, ConfigurationPort& port,
                       FourEyes& four_eyes, Signing& signing) {
    const Desks desks{services, port, four_eyes, signing};
    add_reading_routes(router, desks);
    add_workbench_routes(router, services, port);
    router.add({Method::post,
                "/config",
                Access::of(Permission::config_propose),
                "Propose a configuration",
                {},
                kConfigurationFiles,
                kVersion,
                [desks](const Request& request) { return propose(desks, request); },
                kFileBody});
    router.add({Method::post,
                "/config/{id}/activate",
                Access::of(Permission::config_activate),
                "Put a proposed configuration in force, as the second person",
                {},
                kSigned,
                kVersion,
                [desks](const Request& request) {
                    return put_in_force(desks, request, request.parameter("id"), false);
                }});
    router.add({Method::post,
                "/config/rollback",
                Access::of(Permission::config_activate),
                "Go back to a configuration that was in force",
                {},
                kSigned,
                kVersion,
                [desks](const Request& request) { return rollback(desks, request); }});
    router.add({Method::post,
                "/config/command",
                Access::commands(),
                "Activate or roll back, for commands on this host",
                {},
                {},
                {},
                [desks](const Request& request) -> Result<Response> {
                    Result<std::string> done = desks.port.change_configuration(request.body);
                    if (!done) {
                        return tl::unexpected(done.error());
                    }
                    Response made;
                    made.content_type = "text/plain; charset=utf-8";
                    made.body = std::move(*done) + "\n";
                    return made;
                },
                kFileBody});
}

}  // namespace labrelay::api
