#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/api/signing.hpp"
#include "labrelay/core/finding.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::api {

/// One data set or file of a study's results.
struct ExportOrder {
    std::string study;
    std::string format;            ///< csv, json, ndjson, xpt; odm
    std::string domain;            ///< of SDTM: LB, CP, MB, IS
    bool snapshot = false;         ///< of ODM
    std::set<std::string> closed;  ///< analytes that are left out
    std::set<std::string> sites;   ///< empty: all
};

/// A file that is whole; its bytes are read piece by piece, and nothing else keeps them.
struct ExportedResults {
    std::shared_ptr<std::istream> bytes;
    std::string name;  ///< `lb.csv`
    std::string content_type;
    std::int64_t rows = 0;
    std::int64_t size = 0;
    std::string sha256;  ///< hexadecimal
};

/// What a registry file would change.
struct RegistryPlan {
    struct Row {
        Place place;       ///< `subjects.csv:3:1`
        std::string what;  ///< a subject's label, a specimen's number
        std::string study;
        bool is_new = false;
        std::vector<std::string> added;       ///< names of the columns whose facts are new
        std::vector<study::Subject> touches;  ///< whose rights are asked for
    };
    std::vector<Row> rows;  ///< new, or with new facts
    std::size_t unchanged = 0;
    std::vector<Finding> errors;  ///< with these nothing is imported
    std::string digest;           ///< of file and plan: what is applied is what was looked at
};

/// What the page asks of the running engine when a study, a visit or a subject comes to its end,
/// and when its registry is filled. Called from request threads, concurrently. In all of them `act`
/// is the person, and a signature is entered in the transaction of what it stands for.
class StudyEndPort {
public:
    virtual ~StudyEndPort() = default;

    /// As the JSON asks (app/lock_request.hpp). Errors: those of app::change_lock().
    virtual Result<std::string> change_lock(std::string_view json, const store::Act& act,
                                            const EnterSignature& sign) = 0;
    /// Errors: those of app::settle_post_lock().
    virtual Result<std::string> settle_post_lock(std::string_view json, const store::Act& act,
                                                 const EnterSignature& sign) = 0;

    struct Target {
        std::string name;
        bool readable = false;  ///< what it holds can be read back
    };
    virtual std::vector<Target> targets() const = 0;
    struct ReconciliationOrder {
        std::string study;
        std::string target;
        std::string list_name;
        std::string list;  ///< CSV; empty: none
    };
    /// Its id: it runs by itself, and its report says how it ended. Errors: not-found (no such
    /// study or target that can be read), csv-* with all of the list's errors.
    virtual Result<std::int64_t> reconcile(const ReconciliationOrder& order,
                                           const store::Act& act) = 0;

    /// Errors: those of the exporters; not-found where the study database has nothing yet.
    virtual Result<ExportedResults> export_results(const ExportOrder& order) = 0;

    /// `kind` is subjects or specimens.
    virtual RegistryPlan plan_import(std::string_view kind, const std::string& name,
                                     std::string_view csv) = 0;
    /// Imports what `digest` stands for. Errors: precondition-failed (it would do something else
    /// now), those of the plan.
    virtual Result<std::string> import_planned(std::string_view kind, const std::string& name,
                                               std::string_view csv, const std::string& digest,
                                               const store::Act& act) = 0;
};

/// GET /locks, /locks/history, /locks/outstanding, POST /locks/{action}; GET /post-lock,
/// /post-lock/{id}, POST /post-lock/decisions.
void add_lock_routes(Router& router, const Services& services, StudyEndPort& port,
                     Signing& signing);
/// GET /reconciliations, /reconciliations/targets, /reconciliations/{id} and its text, POST
/// /reconciliations/run, /reconciliations/{id}/sign.
void add_reconciliation_routes(Router& router, const Services& services, StudyEndPort& port,
                               Signing& signing);
/// GET /exports and the files under it.
void add_export_routes(Router& router, const Services& services, StudyEndPort& port);
/// POST /registry/preview, /registry/import.
void add_registry_routes(Router& router, const Services& services, StudyEndPort& port);

}  // namespace labrelay::api
