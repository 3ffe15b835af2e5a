#include "repair_request.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "labrelay/views/repair.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using pipeline::RepairRequest;

tl::unexpected<Error> bad(const char* field, const char* why) {
    return fail(Code::body_bad, Place{field}, why);
}

constexpr std::array<std::pair<const char*, std::string RepairRequest::*>, 7> kTexts{{
    {"kind", &RepairRequest::kind},
    {"authority", &RepairRequest::authority},
    {"value", &RepairRequest::value},
    {"specimen", &RepairRequest::specimen},
    {"collected_at", &RepairRequest::collected_at},
    {"visit", &RepairRequest::visit},
    {"reason_code", &RepairRequest::reason_code},
}};

constexpr std::array<std::pair<const char*, SubjectId RepairRequest::*>, 3> kSubjects{{
    {"subject", &RepairRequest::subject},
    {"from", &RepairRequest::from},
    {"to", &RepairRequest::to},
}};

Result<void> read_fields(const json& body, RepairRequest& request) {
    const auto fields = body.find("fields");
    if (fields == body.end() || fields->is_null()) {
        return {};
    }
    if (!fields->is_object()) {
        return bad("fields", "an object is needed");
    }
    for (const auto& [column, value] : fields->items()) {
        if (!value.is_string() && !value.is_null()) {
            return bad("fields", "every field is a text");
        }
        request.fields[column] = value.is_null() ? std::string() : value.get<std::string>();
    }
    return {};
}

Result<void> read_observations(const json& body, RepairRequest& request) {
    const auto list = body.find("observations");
    if (list == body.end() || list->is_null()) {
        return {};
    }
    if (!list->is_array()) {
        return bad("observations", "a list is needed");
    }
    for (const json& name : *list) {
        const auto id = name.is_string() ? views::observation_from(name.get<std::string>())
                                         : std::optional<ObservationId>();
        if (!id) {
            return bad("observations", "an observation is named <message>.<ordinal>");
        }
        request.observations.push_back(*id);
    }
    if (request.observations.empty()) {
        return bad("observations", "none is named");
    }
    return {};
}

}  // namespace

Result<RepairRequest> repair_request_from(const json& body) {
    RepairRequest request;
    for (const auto& [name, field] : kTexts) {
        const auto found = body.find(name);
        if (found == body.end() || found->is_null()) {
            continue;
        }
        if (!found->is_string()) {
            return bad(name, "a text is needed");
        }
        request.*field = found->get<std::string>();
    }
    for (const auto& [name, field] : kSubjects) {
        const auto found = body.find(name);
        if (found == body.end() || found->is_null()) {
            continue;
        }
        if (!found->is_number_integer()) {
            return bad(name, "a subject's id is needed");
        }
        request.*field = SubjectId{found->get<std::int64_t>()};
    }
    if (const Result<void> read = read_fields(body, request); !read) {
        return tl::unexpected(read.error());
    }
    if (const Result<void> read = read_observations(body, request); !read) {
        return tl::unexpected(read.error());
    }
    if (request.kind.empty()) {
        return bad("kind", "what kind of repair");
    }
    return request;
}

}  // namespace labrelay::api
