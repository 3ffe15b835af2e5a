#pragma once

#include "labrelay/api/http_server.hpp"
#include "labrelay/api/router.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/pipeline/snapshots.hpp"
#include "labrelay/store/read_pool.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::api {

/// What resources stand on. All of it outlives the router that they are added to, and is used from
/// request threads, concurrently.
struct Services {
    store::ReadPool& reads;
    store::StoreWriter& writer;
    const pipeline::Snapshots& snapshots;
    const Clock& clock;
    EnginePort& engine;
};

/// `/openapi.json`: every route of the router, for whoever is signed in.
void add_document_route(Router& router);

}  // namespace labrelay::api
