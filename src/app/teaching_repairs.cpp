#include "labrelay/app/teaching_repairs.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "labrelay/api/teaching.hpp"
#include "labrelay/store/configuration_query.hpp"

namespace labrelay::app {
namespace {

using nlohmann::json;
using Files = std::vector<mapping::ConfigurationFile>;

constexpr std::array kCodes{Code::unknown_code};
constexpr std::array kUnits{Code::unknown_unit, Code::missing_unit};
constexpr std::array kWords{Code::value_unreadable};

template <std::size_t Count>
std::function<bool(Code)> one_of(const std::array<Code, Count>& rules) {
    return [rules](Code rule) { return std::ranges::find(rules, rule) != rules.end(); };
}

Result<Files> files_in_force(const api::Services& services) {
    Result<store::ReadPool::Borrowed> session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const auto active = store::active_configuration(**session);
    if (!active) {
        return fail(Code::config_target_missing, Place{"configuration"});
    }
    return store::configuration_files(**session, active->version).value_or(Files{});
}

Result<std::shared_ptr<const mapping::Configuration>> taught(const api::Services& services,
                                                             const mapping::Lesson& lesson) {
    Result<Files> before = files_in_force(services);
    if (!before) {
        return tl::unexpected(before.error());
    }
    Result<Files> after = mapping::teach(*before, lesson);
    if (!after) {
        return tl::unexpected(after.error());
    }
    return mapping::check_taught(*before, *after);
}

nlohmann::ordered_json code_fields(const store::ProblemRow& problem,
                                   const store::ProblemItem& example) {
    return {{"source", problem.source},
            {"code", example.code},
            {"system", example.code_system},
            {"analyte", example.analyte}};
}

nlohmann::ordered_json unit_fields(const store::ProblemRow& problem,
                                   const store::ProblemItem& example) {
    nlohmann::ordered_json fields = code_fields(problem, example);
    if (problem.rule == Code::missing_unit) {
        fields["assume"] = "";
    } else {
        fields["spelled"] = example.unit_reported;
        fields["as"] = "";
    }
    return fields;
}

nlohmann::ordered_json word_fields(const store::ProblemRow& problem,
                                   const store::ProblemItem& example) {
    return {{"source", problem.source}, {"word", example.value_reported}, {"meaning", ""}};
}

/// A spelling means the unit that a person names: left open it would be guessed.
Result<mapping::Lesson> lesson_of(const std::string& name, const json& body) {
    if (name == "teach-unit" && body.contains("spelled") && body.value("as", "").empty()) {
        return fail(Code::body_bad, Place{"as"}, "say which unit of the analyte it means");
    }
    return api::lesson_from(name, body);
}

pipeline::RepairPlan all_of(const pipeline::RepairScene& scene) {
    pipeline::RepairPlan plan;
    std::set<SubjectId> subjects;
    for (const pipeline::RepairItem& item : scene.held) {
        plan.items.push_back(item.id);
        if (item.subject) {
            subjects.insert(item.subject);
        }
    }
    plan.subjects.assign(subjects.begin(), subjects.end());
    return plan;
}

api::RepairKind teaching(const std::string& name, std::function<bool(Code)> fits,
                         decltype(api::RepairKind::fields) fields, const api::Services& services,
                         api::ConfigurationPort& configurations) {
    api::RepairKind kind;
    kind.name = name;
    kind.permission = security::Permission::repair_mapping;
    kind.second_person = name == "teach-unit" ? "unit.convert" : "config.activate";
    kind.teaches = true;
    kind.fits = fits;
    kind.likely = std::move(fits);
    kind.fields = std::move(fields);
    kind.plan = [name, &services](
                    const json& body,
                    const pipeline::RepairScene& scene) -> Result<pipeline::RepairPlan> {
        const Result<mapping::Lesson> lesson = lesson_of(name, body);
        if (!lesson) {
            return tl::unexpected(lesson.error());
        }
        pipeline::RepairPlan plan = all_of(scene);
        auto candidate = taught(services, *lesson);
        if (!candidate) {
            return tl::unexpected(candidate.error());
        }
        plan.configuration = std::move(*candidate);
        return plan;
    };
    kind.enact = [name, &configurations](store::Desk& desk, const json& body,
                                         const store::Act& act) -> Result<void> {
        const Result<mapping::Lesson> lesson = lesson_of(name, body);
        if (!lesson) {
            return tl::unexpected(lesson.error());
        }
        const Result<api::Taught> made =
            api::activate_taught(desk, act, {*lesson}, std::nullopt, std::nullopt,
                                 [&](const mapping::Configuration& configuration) {
                                     return configurations.fits(configuration);
                                 });
        if (!made) {
            return tl::unexpected(made.error());
        }
        return {};
    };
    kind.enacted = [&configurations] { configurations.follow(); };
    return kind;
}

}  // namespace

void add_teaching_repairs(api::Repairs& repairs, const api::Services& services,
                          api::ConfigurationPort& configurations) {
    repairs.add(teaching("teach-code", one_of(kCodes), code_fields, services, configurations));
    repairs.add(teaching("teach-unit", one_of(kUnits), unit_fields, services, configurations));
    repairs.add(teaching("teach-word", one_of(kWords), word_fields, services, configurations));
}

}  // namespace labrelay::app
