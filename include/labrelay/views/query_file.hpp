#pragma once

#include <string>
#include <vector>

#include "labrelay/store/site_query_desk.hpp"
#include "labrelay/study/odm_map.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::views {

// Questions to sites and laboratories as files, in pieces. Subjects are named by their study label.
// Pure.

std::string query_csv_head();
std::string query_csv_line(const store::SiteQuery& query, const study::Subject* subject);

/// CDISC ODM 1.3.2, Snapshot: a subject's questions are annotations of its SubjectData, each step
/// of a question one of them, the question's number and its state as flags. ODM 1.3.2 has no
/// element for queries; what is asked about no subject has no place in it.
struct QueryFileHead {
    const study::OdmMap& map;
    Instant created;
    std::string version;  ///< of labrelay
};
std::string query_odm_opening(const QueryFileHead& head);
/// All of one subject; empty where there are none. `location` is the site's OID.
std::string query_odm_subject(const study::Subject& subject, const std::string& location,
                              const std::vector<store::SiteQuery>& queries);
std::string query_odm_closing();

}  // namespace labrelay::views
