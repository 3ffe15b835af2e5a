#include "labrelay/api/http_server.hpp"

namespace labrelay::api {
namespace {

using Take = Result<std::string> (EnginePort::*)(std::string_view, const store::Act&);

void add(Router& router, EnginePort& engine, std::string_view path, std::string_view summary,
         Take take, std::size_t most_body) {
    router.add({Method::post,
                path,
                Access::commands(),
                summary,
                {},
                {},
                {},
                [&engine, take](const Request& request) -> Result<Response> {
                    store::Act act;
                    act.actor = request.who.name;
                    act.origin = store::Origin::command;
                    Result<std::string> done = (engine.*take)(request.body, act);
                    if (!done) {
                        return tl::unexpected(done.error());
                    }
                    Response made;
                    made.content_type = "text/plain; charset=utf-8";
                    made.body = std::move(*done) + "\n";
                    return made;
                },
                most_body});
}

}  // namespace

void add_command_routes(Router& router, EnginePort& engine) {
    add(router, engine, "/subjects", "Import subjects.csv", &EnginePort::import_subjects,
        kFileBody);
    add(router, engine, "/specimens", "Import specimens.csv", &EnginePort::import_specimens,
        kFileBody);
    add(router, engine, "/deliveries/resend", "Send a rejected delivery again",
        &EnginePort::resend_delivery, kSmallBody);
    add(router, engine, "/locks", "Freeze, lock or release a scope", &EnginePort::change_lock,
        kListBody);
    add(router, engine, "/post-lock", "Decide post-lock items", &EnginePort::settle_post_lock,
        kListBody);
    add(router, engine, "/reconciliations", "Enter what a reconciliation found",
        &EnginePort::enter_reconciliation, kFileBody);
}

}  // namespace labrelay::api
