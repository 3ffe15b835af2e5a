#include "workbench_routes.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "configuration_candidate.hpp"
#include "labrelay/mapping/difference.hpp"
#include "labrelay/store/message_list.hpp"
#include "labrelay/store/message_query.hpp"
#include "labrelay/views/repair.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using security::Permission;

/// What the routes share: where they read and what they ask of the engine.
struct Workbench {
    const Services& services;
    ConfigurationPort& port;
};

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

Result<Response> check(const Workbench& bench, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    return with_reads(bench.services, [&](store::ReadSession& session) -> Result<Response> {
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
                            ? cases_json(bench.port.run_cases(loaded.configuration))
                            : ordered_json();
        return answer(told);
    });
}

Result<Response> effect(const Workbench& bench, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    return with_reads(bench.services, [&](store::ReadSession& session) -> Result<Response> {
        const Result<Candidate> candidate = candidate_of(session, *body);
        if (!candidate) {
            return tl::unexpected(candidate.error());
        }
        const mapping::Loaded loaded = mapping::load_configuration(candidate->files);
        if (!loaded.configuration) {
            return tl::unexpected(not_loaded(loaded));
        }
        const views::Sight sight = sight_of(bench.services, request, Permission::config_propose);
        const auto found = bench.port.effect(loaded.configuration,
                                             mapping::touched_sources(mapping::difference(
                                                 candidate->parent_files, candidate->files)),
                                             sight);
        if (!found) {
            return tl::unexpected(found.error());
        }
        ordered_json shown = views::effect_json(*found);
        if (sight.blinded() || !sight.everywhere()) {
            views::keep_values_back(shown);
        }
        return answer(shown);
    });
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
Result<void> may_explain(const Workbench& bench, const Request& request,
                         store::ReadSession& session, const json& body) {
    const views::Sight sight = sight_of(bench.services, request, Permission::messages_view);
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

Result<Response> explain(const Workbench& bench, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    return with_reads(bench.services, [&](store::ReadSession& session) -> Result<Response> {
        if (const Result<void> may = may_explain(bench, request, session, *body); !may) {
            return tl::unexpected(may.error());
        }
        const Result<ToExplain> asked = to_explain(*body);
        if (!asked) {
            return tl::unexpected(asked.error());
        }
        std::shared_ptr<const mapping::Configuration> configuration =
            bench.services.snapshots.configuration();
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
        const auto told = bench.port.explain(configuration, *asked);
        if (!told) {
            return tl::unexpected(told.error());
        }
        return answer(views::explained_json(*told));
    });
}

}  // namespace

void add_workbench_routes(Router& router, const Services& services, ConfigurationPort& port) {
    const Workbench bench{services, port};
    router.add({Method::get,
                "/mappings/vocabulary",
                Access::of(Permission::config_view),
                "What an editor of mappings completes",
                {},
                {},
                {},
                [bench](const Request&) -> Result<Response> {
                    return answer(
                        views::vocabulary_json(*bench.services.snapshots.configuration()));
                }});
    router.add({Method::post,
                "/config/check",
                Access::of(Permission::config_view),
                "Check files without storing them",
                {},
                kConfigurationFiles,
                {},
                [bench](const Request& request) { return check(bench, request); },
                kFileBody});
    router.add({Method::post,
                "/config/effect",
                Access::of(Permission::config_propose),
                "What files would do to what is held",
                {},
                kConfigurationFiles,
                {},
                [bench](const Request& request) { return effect(bench, request); },
                kFileBody});
    router.add({Method::post,
                "/explain",
                Access::of(Permission::messages_view),
                "Say what would become of a message, and why",
                {},
                {},
                {},
                [bench](const Request& request) { return explain(bench, request); },
                kFileBody});
}

}  // namespace labrelay::api
