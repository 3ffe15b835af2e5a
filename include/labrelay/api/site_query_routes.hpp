#pragma once

#include "labrelay/api/services.hpp"
#include "labrelay/store/site_query_desk.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::api {

/// GET and POST /queries, GET /queries/templates, GET /queries/{id}, POST /queries/{id}/answer,
/// /close, /reopen, /cancel.
void add_site_query_routes(Router& router, const Services& services);

/// Whether the person may do so with a question: about a subject, in its study and site; about a
/// problem, as the problem is seen and in a place of one of its known subjects.
bool may_see_query(store::ReadSession& session, const Request& request, const views::Sight& sight,
                   security::Permission permission, const store::SiteQuery& query);

}  // namespace labrelay::api
