#include "labrelay/app/console.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "labrelay/api/access_routes.hpp"
#include "labrelay/api/account_command.hpp"
#include "labrelay/api/account_routes.hpp"
#include "labrelay/api/approval_routes.hpp"
#include "labrelay/api/audit_routes.hpp"
#include "labrelay/api/delivery_routes.hpp"
#include "labrelay/api/message_routes.hpp"
#include "labrelay/api/problem_routes.hpp"
#include "labrelay/api/problem_work_routes.hpp"
#include "labrelay/api/repairs.hpp"
#include "labrelay/api/search_routes.hpp"
#include "labrelay/api/session_routes.hpp"
#include "labrelay/api/sessions.hpp"
#include "labrelay/api/signing.hpp"
#include "labrelay/api/site_query_routes.hpp"
#include "labrelay/api/subject_routes.hpp"
#include "labrelay/api/traffic_routes.hpp"
#include "labrelay/app/oidc_sign_in.hpp"
#include "labrelay/app/second_person.hpp"
#include "labrelay/app/teaching_repairs.hpp"
#include "labrelay/crypto/random.hpp"
#include "labrelay/store/problem_work.hpp"
#include "labrelay/store/site_query_desk.hpp"
#include "labrelay/views/review.hpp"

namespace labrelay::app {
namespace {

constexpr std::size_t kTokenBytes = 32;
/// How long what a dead node left undone may wait for the others.
constexpr std::chrono::seconds kFinishInterval{10};

std::vector<api::SettingView> settings_views(const ServerSettings& settings) {
    std::vector<api::SettingView> views;
    for (SettingValue& value : setting_values(settings)) {
        views.push_back({std::move(value.name), std::move(value.value), std::move(value.meaning)});
    }
    return views;
}

/// What a person did and said about a problem; comments apart from the rest.
nlohmann::ordered_json story(const api::ProblemParts::Asked& asked, bool comments) {
    nlohmann::ordered_json notes = nlohmann::ordered_json::array();
    const bool all = asked.sight.everywhere() && !asked.sight.blinded();
    for (store::ProblemNote& note : store::problem_notes(asked.session, asked.problem.id)) {
        if ((note.kind == "comment") == comments) {
            note.text = asked.sight.readable(note.text);
            if (note.kind == "repair" && !all) {
                note.text = note.text.substr(0, note.text.find(": "));  // of how many is theirs
            }
            notes.push_back(views::json_of(note));
        }
    }
    return notes;
}

nlohmann::ordered_json questions(const api::ProblemParts::Asked& asked) {
    constexpr std::size_t kMost = 100;
    nlohmann::ordered_json shown = nlohmann::ordered_json::array();
    store::SiteQueryFilter filter;
    filter.problem = asked.problem.id;
    for (const store::SiteQuery& query : store::site_queries(asked.session, filter, 0, kMost)) {
        if (!query.subject || asked.sight.sees(query.subject)) {
            shown.push_back(views::json_of(query, asked.sight));
        }
    }
    return shown;
}

/// Each problem is a job of its own, so that one that cannot be processed again stops no other.
Result<api::Response> reprocess_all(api::Repairs& repairs, const api::Request& request,
                                    const std::vector<ProblemId>& problems) {
    const Result<nlohmann::json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    const store::Act act = request.act(security::Permission::reprocess, *body);
    nlohmann::ordered_json answer = {{"changed", 0}, {"refused", nlohmann::ordered_json::array()}};
    answer["jobs"] = nlohmann::ordered_json::array();
    for (const ProblemId problem : problems) {
        const Result<api::Repairs::Enacted> enacted =
            repairs.enact(problem, {{"kind", "reprocess"}}, request.who, act);
        if (enacted && enacted->job) {
            answer["changed"] = answer["changed"].get<std::int64_t>() + 1;
            answer["jobs"].push_back(*enacted->job);
        } else if (!enacted) {
            answer["refused"].push_back({{"id", std::to_string(problem.value)},
                                         {"code", std::string(key(enacted.error().code))},
                                         {"title", std::string(entry(enacted.error().code).text)}});
        }
    }
    return api::answer(answer);
}

}  // namespace

struct Console::Parts {
    Parts(const ServerSettings& settings, const store::DataDirectory& directory,
          std::shared_ptr<const transport::TlsContext> tls, const Engine& engine)
        : token(crypto::random_hex(kTokenBytes)),
          reads(directory),
          services{reads, engine.writer, engine.snapshots, engine.clock, engine.port},
          sessions(services, settings.console),
          signing(services),
          four_eyes(services),
          second_person(services),
          repairs(services, engine.committer, &second_person) {
        add_people(settings, directory);
        add_problems(engine);
        add_reading();
        add_study_end(engine, settings);
        api::add_command_routes(router, engine.port);
        api::add_config_routes(router, services, engine.configurations, four_eyes, signing);
        api::add_alarm_routes(router, services, engine.alarms);
        api::add_critical_routes(router, services);
        api::add_settings_routes(router, settings_views(settings));
        api::add_document_route(router);
        http = std::make_unique<api::HttpServer>(
            api::HttpSettings{.host = settings.http_host,
                              .port = settings.http_port,
                              .token = token,
                              .tls = std::move(tls),
                              .tls_only = settings.console.secure_cookie},
            engine.clock, engine.port, router, sessions);
        finisher = std::jthread([this](const std::stop_token& stop) { finish_approved(stop); });
    }

    /// What a node left undone that died between an approval and what was approved.
    void finish_approved(const std::stop_token& stop) {
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any due;
        bool away = false;
        while (!stop.stop_requested()) {
            try {
                finish_approved_repairs(repairs, services);
                away = false;
            } catch (const pipeline::StoreFault& fault) {
                if (!std::exchange(away, true)) {
                    spdlog::error("approved repairs: {}", fault.what());
                }
            }
            due.wait_for(lock, stop, kFinishInterval, [] { return false; });
        }
    }

    void add_people(const ServerSettings& settings, const store::DataDirectory& directory) {
        api::add_account_command_route(router, services, sessions);
        api::add_session_routes(router, services, sessions, LABRELAY_VERSION);
        api::add_account_routes(router, services, sessions);
        api::add_signature_routes(router, services);
        api::add_audit_routes(router, services, signing, approvals);
        add_approved_repairs(approvals, repairs, services);
        api::add_approval_routes(router, services, signing, approvals);
        if (settings.oidc.on()) {
            add_oidc_routes(router, services, sessions, settings.oidc,
                            directory.key().derive("oidc"));
        }
    }

    void add_problems(const Engine& engine) {
        add_teaching_repairs(repairs, services, engine.configurations);
        api::ProblemParts parts;
        parts.repairs = [this](const api::ProblemParts::Asked& asked) {
            const auto row = store::problem(asked.session, asked.problem.id);
            return row ? repairs.options(asked.session, *row, asked.request.who, asked.revealed)
                       : nlohmann::ordered_json::array();
        };
        parts.comments = [](const auto& asked) { return story(asked, true); };
        parts.history = [](const auto& asked) { return story(asked, false); };
        parts.queries = questions;
        api::add_problem_routes(router, services, std::move(parts));
        api::add_problem_work_routes(
            router, services,
            [this](const api::Request& request, const std::vector<ProblemId>& problems) {
                return reprocess_all(repairs, request, problems);
            });
        api::add_repair_routes(router, services, repairs);
        api::add_site_query_routes(router, services);
    }

    void add_study_end(const Engine& engine, const ServerSettings& settings) {
        api::add_lock_routes(router, services, engine.study_end, signing);
        api::add_reconciliation_routes(router, services, engine.study_end, signing);
        api::add_export_routes(router, services, engine.study_end);
        api::add_registry_routes(router, services, engine.study_end);
        api::add_access_routes(router, services, signing, settings.alarm_limits.access_review);
    }

    void add_reading() {
        api::add_message_routes(router, services);
        api::add_subject_routes(router, services);
        api::add_traffic_routes(router, services, streams);
        api::add_delivery_routes(router, services);
        api::add_search_routes(router, services);
    }

    std::string token;
    store::ReadPool reads;
    api::Services services;
    api::Sessions sessions;
    api::AccountSigning signing;
    api::StoredFourEyes four_eyes;
    StoredSecondPerson second_person;
    api::Repairs repairs;
    api::ApprovalActions approvals;
    api::LiveStreams streams;
    api::Router router;
    std::unique_ptr<api::HttpServer> http;
    std::jthread finisher;
};

Console::Console(const ServerSettings& settings, const store::DataDirectory& directory,
                 std::shared_ptr<const transport::TlsContext> tls, const Engine& engine)
    : parts_(std::make_unique<Parts>(settings, directory, std::move(tls), engine)) {}

Console::~Console() = default;

std::uint16_t Console::port() const {
    return parts_->http->port();
}

const std::string& Console::token() const {
    return parts_->token;
}

void Console::stop() {
    parts_->streams.stop();
    parts_->http->stop();
    parts_->finisher = {};
}

}  // namespace labrelay::app
