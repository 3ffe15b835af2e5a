#include "labrelay/api/teaching.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "body.hpp"

namespace labrelay::api {
namespace {

using Files = std::vector<mapping::ConfigurationFile>;

Result<mapping::Lesson> unit_lesson(const nlohmann::json& body) {
    mapping::TeachUnit lesson;
    lesson.source = text_of(body, "source");
    lesson.analyte = text_of(body, "analyte");
    lesson.code = text_of(body, "code");
    lesson.system = text_of(body, "system");
    const std::string spelled = text_of(body, "spelled");
    const std::string assume = text_of(body, "assume");
    if (spelled.empty() == assume.empty()) {
        return fail(Code::body_bad, Place{"spelled"}, "one of spelled and assume is needed");
    }
    lesson.as = text_of(body, "as");
    lesson.unit = assume.empty() ? spelled : assume;
    using Kind = mapping::TeachUnit::Kind;
    lesson.kind = !assume.empty() ? Kind::assume : lesson.as.empty() ? Kind::spelled : Kind::as;
    return lesson;
}

}  // namespace

Result<mapping::Lesson> lesson_from(std::string_view kind, const nlohmann::json& body) {
    if (!body.is_object() || text_of(body, "source").empty()) {
        return fail(Code::body_bad, Place{"source"});
    }
    if (kind == "teach-code") {
        return mapping::TeachCode{text_of(body, "source"), text_of(body, "code"),
                                  text_of(body, "system"), text_of(body, "analyte")};
    }
    if (kind == "teach-unit") {
        return unit_lesson(body);
    }
    if (kind == "teach-word") {
        std::string meaning = text_of(body, "meaning");
        std::ranges::replace(meaning, ' ', '_');
        return mapping::TeachWord{text_of(body, "source"), text_of(body, "word"),
                                  std::move(meaning), text_of(body, "canonical")};
    }
    return fail(Code::body_bad, Place{"kind"});
}

Result<Taught> activate_taught(
    store::Desk& desk, const store::Act& act, const std::vector<mapping::Lesson>& lessons,
    std::optional<std::int64_t> active, std::optional<std::int64_t> signature,
    const std::function<Result<void>(const mapping::Configuration&)>& fits) {
    const auto now = store::configuration_in_force(desk);
    if (!now) {
        return fail(Code::config_target_missing, Place{"configuration"});
    }
    if (active && *active != now->activation.version) {
        return fail(Code::config_parent_old, Place{"configuration"});
    }
    Files files = now->files;
    for (const mapping::Lesson& lesson : lessons) {
        Result<Files> taught = mapping::teach(std::move(files), lesson);
        if (!taught) {
            return tl::unexpected(taught.error());
        }
        files = std::move(*taught);
    }
    const auto checked = mapping::check_taught(now->files, files);
    if (!checked) {
        return tl::unexpected(checked.error());
    }
    if (const Result<void> fine = fits(**checked); !fine) {
        return tl::unexpected(fine.error());
    }
    Taught made;
    made.hash = (*checked)->hash();
    made.version = store::propose_configuration(
        desk, act,
        {made.hash, std::move(files), now->activation.version, store::ConfigurationOrigin::taught});
    const auto again = store::activate_configuration(
        desk, act, {made.version, now->activation.version, signature});
    if (!again) {
        return tl::unexpected(again.error());
    }
    made.again = *again;
    return made;
}

}  // namespace labrelay::api
