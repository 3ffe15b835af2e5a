#include "labrelay/api/config_routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "labrelay/mapping/configuration_files.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/configuration_desk.hpp"
#include "labrelay/store/configuration_query.hpp"
#include "labrelay/store/message_list.hpp"
#include "labrelay/store/message_query.hpp"
#include "labrelay/views/repair.hpp"
#include "reading.hpp"

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

/// `active`, or a number. Errors: config-unknown.
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

/// What the body proposes: its files on top of its parent's.
struct Candidate {
    store::ConfigurationRow parent;
    Files parent_files;
    Files files;
};
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

Result<std::string> reason_of(const json& body) {
    const auto found = body.find("reason");
    if (found == body.end() || !found->is_string() || found->get<std::string>().empty()) {
        return fail(Code::reason_needed, Place{"reason"});
    }
    return found->get<std::string>();
}

/// The first error of files that cannot be loaded.
Error not_loaded(const mapping::Loaded& loaded) {
    const Finding& first = loaded.errors.front();
    return {Code::configuration_bad, first.place,
            fmt::format("{} {}", entry(first.code).text, first.detail)};
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

ordered_json cases_json(const CasesRun& run) {
    ordered_json failed = ordered_json::array();
    for (const CasesRun::Failure& failure : run.failed) {
        failed.push_back({{"name", failure.name},
                          {"file", failure.file},
                          {"expected", failure.expected},
                          {"got", failure.got}});
    }
    return {{"passed", run.passed}, {"failed", std::move(failed)}};
}

Result<Response> check(const Desks& desks, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    return with_reads(desks.services, [&](store::ReadSession& session) -> Result<Response> {
        const Result<Candidate> candidate = candidate_of(session, *body);
        if (!candidate) {
            return tl::unexpected(candidate.error());
        }
        const mapping::Loaded loaded = mapping::load_configuration(candidate->files);
        ordered_json told;
        told["hash"] =
            loaded.configuration ? ordered_json(loaded.configuration->hash()) : ordered_json();
        told["errors"] = ordered_json::array();
        for (const Finding& finding : loaded.errors) {
            told["errors"].push_back(views::file_finding_json(finding));
        }
        told["warnings"] = ordered_json::array();
        for (const Finding& finding : loaded.warnings) {
            told["warnings"].push_back(views::file_finding_json(finding));
        }
        const auto wanted = body->find("cases");
        const bool run = wanted != body->end() && wanted->is_boolean() && wanted->get<bool>();
        told["cases"] = run && loaded.configuration
                            ? cases_json(desks.port.run_cases(loaded.configuration))
                            : ordered_json();
        return answer(told);
    });
}

Result<Response> effect(const Desks& desks, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    return with_reads(desks.services, [&](store::ReadSession& session) -> Result<Response> {
        const Result<Candidate> candidate = candidate_of(session, *body);
        if (!candidate) {
            return tl::unexpected(candidate.error());
        }
        const mapping::Loaded loaded = mapping::load_configuration(candidate->files);
        if (!loaded.configuration) {
            return tl::unexpected(not_loaded(loaded));
        }
        const auto found = desks.port.effect(loaded.configuration,
                                             mapping::touched_sources(mapping::difference(
                                                 candidate->parent_files, candidate->files)));
        if (!found) {
            return tl::unexpected(found.error());
        }
        ordered_json shown = views::effect_json(*found);
        const views::Sight sight = sight_of(desks.services, request, Permission::config_propose);
        if (sight.blinded() || !sight.everywhere()) {
            views::keep_values_back(shown);
        }
        return answer(shown);
    });
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

/// A message of the store, or one that is pasted.
Result<ToExplain> to_explain(const json& body) {
    if (const auto pasted = body.find("message"); pasted != body.end() && pasted->is_string()) {
        std::string bytes = pasted->get<std::string>();
        // A form's line ends are the segments' ends.
        std::string clean;
        for (const char c : bytes) {
            if (c == '\n') {
                if (clean.empty() || clean.back() != '\r') {
                    clean += '\r';
                }
            } else {
                clean += c;
            }
        }
        return ToExplain{std::move(clean), std::nullopt};
    }
    const auto id = body.find("message_id");
    if (id == body.end() || !id->is_string()) {
        return fail(Code::body_bad, Place{"message"});
    }
    const auto number = parse_message_id(id->get<std::string>());
    if (!number) {
        return fail(Code::not_found, Place{"message"});
    }
    return ToExplain{{}, *number};
}

/// An explanation shows values and whom they belong to: of a message of the store it needs what
/// seeing that message unmasked needs; a pasted one asks the registry whatever it names, so it is
/// for whoever writes mappings and sees everything.
Result<void> may_explain(const Desks& desks, const Request& request, store::ReadSession& session,
                         const json& body) {
    const views::Sight sight = sight_of(desks.services, request, Permission::messages_view);
    if (sight.blinded()) {
        return fail(Code::forbidden, Place{"blinded"});
    }
    if (body.contains("message")) {
        const bool may = request.who.command ||
                         (request.who.may(Permission::config_propose) && sight.everywhere());
        return may ? Result<void>() : fail(Code::forbidden, Place{"message"});
    }
    const auto id = body.find("message_id");
    const auto number = id != body.end() && id->is_string()
                            ? parse_message_id(id->get<std::string>())
                            : std::nullopt;
    if (!number) {
        return fail(Code::not_found, Place{"message"});
    }
    const auto subjects = store::subjects_of(session, std::vector<MessageId>{*number});
    const auto detail = store::message(session, *number);
    if (!detail || !sight.sees_message(detail->source, subjects.at(*number))) {
        return fail(Code::not_found, Place{"message"});
    }
    if (!is_revealed(session, request, "message:" + to_base32(*number))) {
        return fail(Code::forbidden, Place{"message"}, "reveal the message's identity first");
    }
    return {};
}

Result<Response> explain(const Desks& desks, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    return with_reads(desks.services, [&](store::ReadSession& session) -> Result<Response> {
        if (const Result<void> may = may_explain(desks, request, session, *body); !may) {
            return tl::unexpected(may.error());
        }
        const Result<ToExplain> asked = to_explain(*body);
        if (!asked) {
            return tl::unexpected(asked.error());
        }
        std::shared_ptr<const mapping::Configuration> configuration =
            desks.services.snapshots.configuration();
        if (body->contains("files")) {
            const Result<Candidate> candidate = candidate_of(session, *body);
            if (!candidate) {
                return tl::unexpected(candidate.error());
            }
            const mapping::Loaded loaded = mapping::load_configuration(candidate->files);
            if (!loaded.configuration) {
                return tl::unexpected(not_loaded(loaded));
            }
            configuration = loaded.configuration;
        }
        const auto told = desks.port.explain(configuration, *asked);
        if (!told) {
            return tl::unexpected(told.error());
        }
        return answer(views::explained_json(*told));
    });
}

constexpr std::string_view kFilesBody =
    R"({"type":"object","required":["files"],"properties":{"parent":{"type":["integer","string"]},)"
    R"("files":{"type":"array","items":{"type":"object","required":["name","text"],"properties":)"
    R"({"name":{"type":"string"},"text":{"type":["string","null"]}}}},"cases":{"type":"boolean"},)"
    R"("reason":{"type":"string"}}})";
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
                        Access::within(Permission::config_view),
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
    router.add({Method::get,
                "/mappings/vocabulary",
                Access::within(Permission::config_view),
                "What an editor of mappings completes",
                {},
                {},
                {},
                [desks](const Request&) -> Result<Response> {
                    return answer(
                        views::vocabulary_json(*desks.services.snapshots.configuration()));
                }});
    router.add({Method::post,
                "/config/check",
                Access::within(Permission::config_view),
                "Check files without storing them",
                {},
                kFilesBody,
                {},
                [desks](const Request& request) { return check(desks, request); },
                kFileBody});
    router.add({Method::post,
                "/config/effect",
                Access::within(Permission::config_propose),
                "What files would do to what is held",
                {},
                kFilesBody,
                {},
                [desks](const Request& request) { return effect(desks, request); },
                kFileBody});
    router.add({Method::post,
                "/config",
                Access::of(Permission::config_propose),
                "Propose a configuration",
                {},
                kFilesBody,
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
                "/explain",
                Access::within(Permission::messages_view),
                "Say what would become of a message, and why",
                {},
                {},
                {},
                [desks](const Request& request) { return explain(desks, request); },
                kFileBody});
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
