#include "record_sight.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "labrelay/store/delivery_query.hpp"
#include "labrelay/store/lock_query.hpp"
#include "labrelay/store/message_list.hpp"
#include "labrelay/store/message_query.hpp"
#include "labrelay/store/problem_board.hpp"
#include "labrelay/store/problem_work.hpp"
#include "labrelay/store/reconciliation_desk.hpp"
#include "labrelay/store/repair_query.hpp"
#include "labrelay/store/site_query_desk.hpp"
#include "labrelay/views/problem_page.hpp"
#include "post_lock_sight.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using security::Permission;

constexpr std::string_view kErase = "audit.erase";
constexpr const char* kForIdentity = "\"for those who may see identity\"";
constexpr const char* kWithheld = "\"(withheld: it may tell of what is closed to you)\"";

/// Kinds of rows whose texts may hold a value or say how many there are.
constexpr std::array<std::string_view, 6> kOfValues{"repair",   "overlay",   "critical",
                                                    "approval", "post-lock", "reconcile"};
constexpr std::array<std::string_view, 3> kOfIdentity{"registry", "repair", "overlay"};

/// Of all studies, whatever problem they are about.
constexpr std::array<std::string_view, 2> kOfAllStudies{"config.activate", "unit.convert"};

template <std::size_t Count>
bool is_one(const std::array<std::string_view, Count>& kinds, std::string_view kind) {
    return std::ranges::find(kinds, kind) != kinds.end();
}

std::int64_t number_of(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

/// `problem` of a repair's content, 0 where it is about none.
std::int64_t problem_of(const json& content) {
    const auto found = content.is_object() ? content.find("problem") : content.end();
    return found != content.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

/// Whom a repair names.
std::vector<SubjectId> subjects_of(const json& content) {
    std::vector<SubjectId> subjects;
    const auto repair = content.is_object() ? content.find("repair") : content.end();
    if (repair == content.end() || !repair->is_object()) {
        return subjects;
    }
    for (const char* name : {"subject", "from", "to"}) {
        const auto found = repair->find(name);
        if (found != repair->end() && found->is_number_integer()) {
            subjects.push_back(SubjectId{found->get<std::int64_t>()});
        }
    }
    return subjects;
}

/// Cuts what says how many: `subject 3, 12 results`.
void cut(std::string& text, std::string_view from) {
    text.resize(std::min(text.find(from), text.size()));
}

}  // namespace

bool RecordSight::in_study(std::string_view study) const {
    return sight_.who().may(permission_, study, "");
}

bool RecordSight::sees_problem(std::int64_t problem) {
    auto board = store::board_problem(session_, ProblemId{problem});
    return board ? views::seen(std::move(*board), sight_).has_value() : sight_.everywhere();
}

/// `<message>` or `<message>.<ordinal>`.
bool RecordSight::sees_message(const std::string& object) {
    const std::size_t dot = object.find('.');
    const auto id = parse_message_id(std::string_view(object).substr(0, dot));
    const auto message = id ? store::listed_message(session_, *id) : std::nullopt;
    if (!message) {
        return sight_.everywhere();
    }
    if (!sight_.everywhere() &&
        !sight_.sees_message(message->source,
                             store::subjects_of(session_, std::vector<MessageId>{*id}).at(*id))) {
        return false;
    }
    if (!sight_.blinded() || dot == std::string::npos) {
        return true;
    }
    const auto ordinal = number_of(std::string_view(object).substr(dot + 1));
    const auto detail = store::message(session_, *id);
    if (!detail) {
        return false;
    }
    const auto line = std::ranges::find_if(
        detail->observations, [&](const auto& candidate) { return candidate.ordinal == ordinal; });
    return line == detail->observations.end() || !sight_.is_closed(line->version.analyte);
}

/// As study::name_of says it; without a subject the study as a whole.
bool RecordSight::sees_lock(std::string_view object) const {
    const std::size_t first = object.find(':');
    if (first == std::string_view::npos) {
        // A signature of an earlier version: `NCT05872659 S-004 M3`.
        return in_study(object.substr(0, object.find(' ')));
    }
    const std::size_t second = object.find(':', first + 1);
    if (second == std::string_view::npos) {
        return sight_.everywhere();
    }
    const SubjectId subject{number_of(object.substr(first + 1, second - first - 1))};
    return subject ? sight_.sees(subject) : in_study(object.substr(0, first));
}

/// `12`, or `12,13` of a signature: all of them.
bool RecordSight::sees_post_lock(std::string_view object) {
    while (true) {
        const std::size_t comma = std::min(object.find(','), object.size());
        const auto item = store::post_lock_item(session_, number_of(object.substr(0, comma)));
        if (item ? !api::sees(sight_, *item) : !sight_.everywhere()) {
            return false;
        }
        if (comma == object.size()) {
            return true;
        }
        object.remove_prefix(comma + 1);
    }
}

bool RecordSight::sees_specimen(const std::string& object) const {
    const std::size_t colon = object.find(':');
    const study::RegisteredSpecimen* specimen =
        colon == std::string::npos
            ? nullptr
            : sight_.registry().specimen({object.substr(0, colon), object.substr(colon + 1)});
    if (specimen == nullptr) {
        return sight_.everywhere();
    }
    const auto subjects = sight_.registry().subjects_of(*specimen);
    return subjects.empty() ? sight_.everywhere()
                            : std::ranges::all_of(subjects, [&](const study::Subject* subject) {
                                  return sight_.sees(*subject);
                              });
}

bool RecordSight::look_at(std::string_view kind, const std::string& object, std::string_view what) {
    const std::int64_t id = number_of(object);
    if (kind == "subject") {
        return sight_.sees(SubjectId{id});
    }
    if (kind == "specimen") {
        return sees_specimen(object);
    }
    if (kind == "problem") {
        return sees_problem(id);
    }
    if (kind == "message" || kind == "observation") {
        return sees_message(object);
    }
    if (kind == "lock") {
        return sees_lock(object);
    }
    if (kind == "target") {
        return in_study(what.substr(0, what.find(' ')));
    }
    if (kind == "post-lock") {
        return sees_post_lock(object);
    }
    if (kind == "reconciliation") {
        const auto report = store::reconciliation(session_, id);
        return report ? in_study(report->row.study) : sight_.everywhere();
    }
    if (kind == "query") {
        const auto query = store::site_query(session_, id);
        if (!query || (!query->subject && !query->problem)) {
            return sight_.everywhere();
        }
        return (!query->subject || sight_.sees(query->subject)) &&
               (!query->problem || sees_problem(query->problem.value));
    }
    if (kind == "repair") {
        const auto repair = store::repair(session_, id);
        return repair && repair->problem ? sees_problem(repair->problem->value)
                                         : sight_.everywhere();
    }
    if (kind == "delivery") {
        const auto delivery = store::delivery(session_, id);
        return delivery && delivery->subject ? sight_.sees(delivery->subject) : sight_.everywhere();
    }
    if (kind == "approval") {
        const auto approval = store::approval(session_, id);
        return approval ? sees(*approval) : sight_.everywhere();
    }
    if (kind == "audit" && id != 0) {
        const auto row = store::audit_row(session_, id);
        return row && row->object_kind != "audit" ? sees(*row) : sight_.everywhere();
    }
    return sight_.everywhere();
}

bool RecordSight::sees_object(std::string_view kind, const std::string& object,
                              std::string_view what) {
    // Of a target the sentence says which study is meant.
    const std::pair key(std::string(kind),
                        kind == "target" ? std::string(what.substr(0, what.find(' '))) : object);
    if (const auto found = known_.find(key); found != known_.end()) {
        return found->second;
    }
    const bool seen = look_at(kind, object, what);
    known_.emplace(key, seen);
    return seen;
}

bool RecordSight::sees(const store::AuditRow& row) {
    if (sight_.everywhere() && !sight_.blinded()) {
        return true;
    }
    return sees_object(row.object_kind, row.object, row.what);
}

bool RecordSight::sees(std::string_view kind, const std::string& object) {
    return (sight_.everywhere() && !sight_.blinded()) || sees_object(kind, object, {});
}

store::AuditRow RecordSight::shown(store::AuditRow row) const {
    const auto withhold = [](std::string& text, const char* why) {
        if (!text.empty()) {
            text = why;
        }
    };
    if (is_one(kOfIdentity, row.kind) && !sight_.who().may(Permission::identity_reveal)) {
        withhold(row.before, kForIdentity);
        withhold(row.after, kForIdentity);
    }
    if (!sight_.everywhere() || sight_.blinded()) {
        if (row.kind == "repair") {
            cut(row.what, " of ");
        } else if (row.kind == "placed") {
            cut(row.what, ", ");
        } else if (row.kind == "reconcile") {
            cut(row.what, ": ");
        }
    }
    if (sight_.blinded()) {
        for (std::string* text : {&row.before, &row.after}) {
            if (is_one(kOfValues, row.kind) || sight_.names_closed(*text)) {
                withhold(*text, kWithheld);
            }
        }
        row.what = sight_.readable(row.what);
        row.reason = sight_.readable(row.reason);
    }
    return row;
}

bool RecordSight::sees(const store::Approval& approval) {
    if (sight_.everywhere() && !sight_.blinded()) {
        return true;
    }
    const json content = json::parse(approval.content, nullptr, false);
    if (const std::int64_t problem = problem_of(content); problem != 0) {
        return sees_object("problem", std::to_string(problem), {}) &&
               std::ranges::all_of(subjects_of(content),
                                   [&](SubjectId subject) { return sight_.sees(subject); });
    }
    if (approval.action == kErase) {
        return sees_object("audit", approval.object, {});
    }
    return sight_.everywhere();
}

/// Nobody erases what they cannot see.
bool RecordSight::holds_rows(const store::Approval& approval, Permission permission) {
    const security::Principal& who = sight_.who();
    const views::Sight deciding(who, permission, sight_.shared_configuration(), sight_.registry());
    RecordSight records(session_, deciding, permission);
    if (!who.may(permission) || !records.sees(approval)) {
        return false;
    }
    const json content = json::parse(approval.content, nullptr, false);
    const auto others = content.is_object() ? content.find("others") : content.end();
    return others == content.end() || std::ranges::all_of(*others, [&](const json& row) {
               return records.sees("audit", row.dump());
           });
}

bool RecordSight::holds_all(const store::Approval& approval, Permission permission) {
    const security::Principal& who = sight_.who();
    if (approval.action == kErase) {
        return holds_rows(approval, permission);
    }
    if (who.may(permission, "", "")) {
        return true;
    }
    const json content = json::parse(approval.content, nullptr, false);
    const std::int64_t problem = problem_of(content);
    if (problem == 0 || is_one(kOfAllStudies, approval.action)) {
        return false;
    }
    const auto board = store::board_problem(session_, ProblemId{problem});
    if (!board) {
        return false;
    }
    const views::Sight deciding(who, permission, sight_.shared_configuration(), sight_.registry());
    std::vector<SubjectId> subjects = subjects_of(content);
    subjects.insert(subjects.end(), board->subjects.begin(), board->subjects.end());
    return subjects.empty() ? deciding.sees_unplaced(board->source)
                            : std::ranges::all_of(subjects, [&](SubjectId subject) {
                                  return deciding.sees(subject);
                              });
}

store::Approval RecordSight::shown(store::Approval approval) const {
    if (!sight_.blinded()) {
        return approval;
    }
    // A word that is taught, a value: of what nobody mapped nobody can say what it is of.
    json content = json::parse(approval.content, nullptr, false);
    const auto repair = content.is_object() ? content.find("repair") : content.end();
    if (repair != content.end() && repair->is_object()) {
        for (const char* name : {"word", "value"}) {
            if (repair->contains(name)) {
                (*repair)[name] = "(withheld)";
            }
        }
        approval.content = content.dump();
    }
    if (sight_.names_closed(approval.content)) {
        approval.content = kWithheld;
    }
    // How many results it reaches counts what is closed too.
    approval.preview.clear();
    approval.reason = sight_.readable(approval.reason);
    approval.why = sight_.readable(approval.why);
    return approval;
}

}  // namespace labrelay::api
