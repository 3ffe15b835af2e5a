#include "redcap_stub.hpp"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

namespace labrelay::testing {
namespace {

using nlohmann::json;
using Parameters = std::map<std::string, std::string>;

std::string decoded(std::string text) {
    std::replace(text.begin(), text.end(), '+', ' ');
    std::string plain;
    Poco::URI::decode(text, plain);
    return plain;
}

Parameters form_of(const std::string& body) {
    Parameters parameters;
    for (std::size_t at = 0; at < body.size();) {
        const std::size_t end = std::min(body.find('&', at), body.size());
        const std::string pair = body.substr(at, end - at);
        const std::size_t equals = std::min(pair.find('='), pair.size());
        parameters[decoded(pair.substr(0, equals))] =
            equals < pair.size() ? decoded(pair.substr(equals + 1)) : std::string();
        at = end + 1;
    }
    return parameters;
}

std::string get(const Parameters& parameters, const std::string& name) {
    const auto found = parameters.find(name);
    return found == parameters.end() ? std::string() : found->second;
}

/// `fields[0]`, `fields[1]` …
std::vector<std::string> list(const Parameters& parameters, const std::string& name) {
    std::vector<std::string> values;
    for (const auto& [key, value] : parameters) {
        if (key.starts_with(name + "[")) {
            values.push_back(value);
        }
    }
    return values;
}

bool matches_number(const std::string& value, bool whole) {
    if (value.empty()) {
        return false;
    }
    bool point = whole;
    for (std::size_t i = value.front() == '-' ? 1 : 0; i < value.size(); ++i) {
        if (value[i] == '.' && !point) {
            point = true;
        } else if (std::isdigit(static_cast<unsigned char>(value[i])) == 0) {
            return false;
        }
    }
    return true;
}

bool has_choice(const std::string& choices, const std::string& value) {
    for (std::size_t at = 0; at < choices.size();) {
        const std::size_t end = std::min(choices.find('|', at), choices.size());
        std::string code = choices.substr(at, end - at);
        code = code.substr(0, std::min(code.find(','), code.size()));
        const std::size_t begin = code.find_first_not_of(' ');
        if (begin != std::string::npos &&
            code.substr(begin, code.find_last_not_of(' ') - begin + 1) == value) {
            return true;
        }
        at = end + 1;
    }
    return false;
}

std::string quoted(std::string text) {
    for (std::size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at + 2)) {
        text.insert(at, 1, '"');
    }
    return '"' + text + '"';
}

std::string member(const json& row, const char* name) {
    const auto found = row.find(name);
    if (found == row.end() || found->is_null()) {
        return {};
    }
    return found->is_string() ? found->get<std::string>() : found->dump();
}

}  // namespace

class RedcapStubHandler final : public Poco::Net::HTTPRequestHandler {
public:
    explicit RedcapStubHandler(RedcapStub& stub) : stub_(stub) {}

    void handleRequest(Poco::Net::HTTPServerRequest& request,
                       Poco::Net::HTTPServerResponse& response) override {
        std::string body;
        Poco::StreamCopier::copyToString(request.stream(), body);
        const Parameters parameters = form_of(body);
        std::string what = get(parameters, "content");
        if (what == "record") {
            const std::string action = get(parameters, "action");
            const bool import = action == "import" || (action.empty() && parameters.count("data"));
            what += import ? ":import" : ":export";
        }
        auto& socket = dynamic_cast<Poco::Net::HTTPServerRequestImpl&>(request).socket();
        const RedcapFault fault = stub_.take_fault(what);
        RedcapStub::Answer answer;
        switch (fault) {
            case RedcapFault::refuse_connection_early:
                socket.shutdown();
                return;
            case RedcapFault::unavailable:
                answer = {503, "<html><body>Service Unavailable</body></html>", "text/html"};
                break;
            case RedcapFault::page_with_200:
                answer = {200, "<!DOCTYPE html>\n<html><body>Maintenance</body></html>",
                          "text/html"};
                break;
            case RedcapFault::redirect:
                response.set("Location", "/redcap/api/");
                answer = {302, "", "text/html"};
                break;
            case RedcapFault::none:
            case RedcapFault::slow:
            case RedcapFault::truncated:
            case RedcapFault::commit_then_drop:
                answer = stub_.answer(what, parameters);
                break;
        }
        if (fault == RedcapFault::slow) {
            stub_.wait_for_release();
        }
        if (fault == RedcapFault::commit_then_drop || fault == RedcapFault::slow) {
            socket.shutdown();
            return;
        }
        response.setStatus(std::to_string(answer.status));
        response.setContentType(answer.content_type);
        const bool cut = fault == RedcapFault::truncated;
        response.setContentLength(static_cast<std::streamsize>(answer.body.size()));
        response.send() << answer.body.substr(0, cut ? answer.body.size() / 2 : std::string::npos)
                        << std::flush;
        if (cut) {
            socket.shutdown();
        }
    }

private:
    RedcapStub& stub_;
};

namespace {

class Factory final : public Poco::Net::HTTPRequestHandlerFactory {
public:
    explicit Factory(RedcapStub& stub) : stub_(stub) {}
    Poco::Net::HTTPRequestHandler* createRequestHandler(
        const Poco::Net::HTTPServerRequest& /*request*/) override {
        return new RedcapStubHandler(stub_);  // POCO owns it
    }

private:
    RedcapStub& stub_;
};

}  // namespace

RedcapStub::RedcapStub()
    : RedcapStub(Poco::Net::ServerSocket(Poco::Net::SocketAddress("127.0.0.1", std::uint16_t{0}))) {
}

RedcapStub::RedcapStub(const Poco::Net::ServerSocket& socket) {
    Poco::Net::HTTPServerParams::Ptr parameters(new Poco::Net::HTTPServerParams);
    parameters->setKeepAlive(false);
    parameters->setMaxThreads(2);
    server_ = std::make_unique<Poco::Net::HTTPServer>(new Factory(*this), socket, parameters);
    server_->start();
}

RedcapStub::~RedcapStub() {
    release();
    server_->stopAll(true);
}

std::string RedcapStub::url() const {
    return fmt::format("{}://127.0.0.1:{}/redcap/api/",
                       server_->socket().secure() ? "https" : "http", server_->port());
}

void RedcapStub::set_classic() {
    const std::lock_guard lock(mutex_);
    longitudinal_ = false;
    events_.clear();
    repeating_.clear();
}

void RedcapStub::set_fields(std::vector<Field> fields) {
    const std::lock_guard lock(mutex_);
    fields_ = std::move(fields);
}

void RedcapStub::change_field(const std::string& name, Field changed) {
    const std::lock_guard lock(mutex_);
    for (Field& field : fields_) {
        if (field.name == name) {
            field = changed;
        }
    }
}

void RedcapStub::set_events(std::vector<std::string> events) {
    const std::lock_guard lock(mutex_);
    events_ = std::move(events);
}

void RedcapStub::designate(const std::string& event, const std::string& form, bool designated) {
    const std::lock_guard lock(mutex_);
    if (designated) {
        designated_.insert({event, form});
    } else {
        designated_.erase({event, form});
    }
}

void RedcapStub::set_repeating(const std::string& event, const std::string& form, bool repeating) {
    const std::lock_guard lock(mutex_);
    if (repeating) {
        repeating_.insert({event, form});
    } else {
        repeating_.erase({event, form});
    }
}

void RedcapStub::add_record(const std::string& record) {
    const std::lock_guard lock(mutex_);
    records_.insert(record);
}

void RedcapStub::remove_record(const std::string& record) {
    const std::lock_guard lock(mutex_);
    records_.erase(record);
    std::erase_if(data_, [&](const auto& row) { return std::get<0>(row.first) == record; });
}

void RedcapStub::enter(const Where& where, const std::string& field, const std::string& value) {
    const std::lock_guard lock(mutex_);
    records_.insert(std::get<0>(where));
    data_[where][field] = value;
}

void RedcapStub::lock(const Where& where, bool locked) {
    const std::lock_guard guard(mutex_);
    if (locked) {
        locked_.insert(where);
    } else {
        locked_.erase(where);
    }
}

void RedcapStub::forget_field(const std::string& name) {
    const std::lock_guard lock(mutex_);
    forgotten_ = name;
}

void RedcapStub::set_rights(Rights rights) {
    const std::lock_guard lock(mutex_);
    rights_ = rights;
}

void RedcapStub::ban(bool banned) {
    const std::lock_guard lock(mutex_);
    banned_ = banned;
}

void RedcapStub::speak_as_old_server() {
    const std::lock_guard lock(mutex_);
    old_ = true;
}

void RedcapStub::fail(RedcapFault fault, std::string what, int times) {
    const std::lock_guard lock(mutex_);
    fault_ = fault;
    fault_of_ = std::move(what);
    fault_times_ = times;
}

RedcapFault RedcapStub::take_fault(const std::string& what) {
    const std::lock_guard lock(mutex_);
    if (fault_times_ == 0 || (!fault_of_.empty() && fault_of_ != what)) {
        return RedcapFault::none;
    }
    --fault_times_;
    return fault_;
}

void RedcapStub::release() {
    {
        const std::lock_guard lock(mutex_);
        waiting_ends_ = true;
    }
    released_.notify_all();
}

void RedcapStub::wait_for_release() {
    std::unique_lock lock(mutex_);
    released_.wait(lock, [&] { return waiting_ends_; });
}

std::string RedcapStub::value(const Where& where, const std::string& field) const {
    const std::lock_guard lock(mutex_);
    const auto row = data_.find(where);
    if (row == data_.end()) {
        return {};
    }
    const auto found = row->second.find(field);
    return found == row->second.end() ? std::string() : found->second;
}

std::vector<std::string> RedcapStub::instances(const std::string& record, const std::string& event,
                                               const std::string& form) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    for (const auto& [where, fields] : data_) {
        const bool holds = std::any_of(fields.begin(), fields.end(), [](const auto& field) {
            return !field.second.empty() && !field.first.ends_with("_complete");
        });
        if (std::get<0>(where) == record && std::get<1>(where) == event &&
            std::get<2>(where) == form && holds) {
            found.push_back(std::get<3>(where));
        }
    }
    return found;
}

bool RedcapStub::has_record(const std::string& record) const {
    const std::lock_guard lock(mutex_);
    return records_.contains(record);
}

std::vector<RedcapStub::Call> RedcapStub::calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
}

int RedcapStub::count(std::string_view what) const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(std::count_if(calls_.begin(), calls_.end(),
                                          [&](const Call& call) { return call.what == what; }));
}

RedcapStub::Answer RedcapStub::error(int status, const std::string& words) {
    return {status, json{{"error", words}}.dump()};
}

RedcapStub::Answer RedcapStub::answer(const std::string& what, const Parameters& parameters) {
    const std::lock_guard lock(mutex_);
    calls_.push_back({what, parameters});
    if (banned_) {
        return {200, "<html>Your IP address has been banned due to suspected abuse.</html>",
                "text/html"};
    }
    if (get(parameters, "token") != kToken || rights_ == Rights::none) {
        return error(403, "You do not have permissions to use the API");
    }
    // Without a format REDCap answers in XML.
    if (get(parameters, "format") != "json" || get(parameters, "returnFormat") != "json") {
        return {400,
                "<?xml version=\"1.0\" encoding=\"UTF-8\" ?><hash><error>The value of the "
                "parameter \"format\" is not valid</error></hash>",
                "text/xml"};
    }
    if (what == "record:export") {
        return export_records(parameters);
    }
    if (what == "record:import") {
        if (rights_ == Rights::no_import) {
            return error(403, "You do not have API Import/Update privileges");
        }
        return import_records(parameters);
    }
    return metadata(what);
}

RedcapStub::Answer RedcapStub::metadata(const std::string& content) const {
    if (content == "version") {
        return {200, "14.5.8", "text/html"};
    }
    json rows = json::array();
    if (content == "project") {
        return {200, json{{"project_id", 17},
                          {"is_longitudinal", longitudinal_ ? 1 : 0},
                          {"has_repeating_instruments_or_events", repeating_.empty() ? 0 : 1},
                          {"record_autonumbering_enabled", 0}}
                         .dump()};
    }
    if (content == "metadata") {
        for (const Field& field : fields_) {
            rows.push_back({{"field_name", field.name},
                            {"form_name", field.form},
                            {"field_type", field.type},
                            {"select_choices_or_calculations", field.choices},
                            {"text_validation_type_or_show_slider_number", field.validation}});
        }
        return {200, rows.dump()};
    }
    if (content == "repeatingFormsEvents") {
        if (repeating_.empty()) {
            return error(400,
                         "You cannot export repeating instruments and events because the "
                         "project does not contain any");
        }
        for (const auto& [event, form] : repeating_) {
            rows.push_back({{"event_name", event}, {"form_name", form}, {"custom_form_label", ""}});
        }
        return {200, rows.dump()};
    }
    if ((content == "event" || content == "formEventMapping") && !longitudinal_) {
        return error(400, content == "event"
                              ? "You cannot export events for classic projects"
                              : "You cannot export form/event mappings for classic projects");
    }
    if (content == "event") {
        for (const std::string& event : events_) {
            rows.push_back({{"event_name", event}, {"arm_num", 1}, {"unique_event_name", event}});
        }
        return {200, rows.dump()};
    }
    if (content == "formEventMapping") {
        for (const auto& [event, form] : designated_) {
            rows.push_back({{"arm_num", 1}, {"unique_event_name", event}, {"form", form}});
        }
        return {200, rows.dump()};
    }
    return error(400, "The value of the parameter \"content\" is not valid");
}

const RedcapStub::Field* RedcapStub::field(const std::string& name) const {
    const auto found = std::find_if(fields_.begin(), fields_.end(),
                                    [&](const Field& one) { return one.name == name; });
    return found == fields_.end() ? nullptr : &*found;
}

/// A row for each record and event with all forms that do not repeat, and one for each instance.
RedcapStub::Answer RedcapStub::export_records(const Parameters& parameters) const {
    const std::vector<std::string> records = list(parameters, "records");
    const std::vector<std::string> fields = list(parameters, "fields");
    const std::string id = fields_.front().name;
    for (const std::string& name : fields) {
        if (field(name) == nullptr && !name.ends_with("_complete")) {
            return error(400, fmt::format("The following values in the parameter \"fields\" are "
                                          "not valid: '{}'",
                                          name));
        }
    }
    const auto wanted = [](const std::vector<std::string>& all, const std::string& one) {
        return all.empty() || std::find(all.begin(), all.end(), one) != all.end();
    };
    std::map<Where, json> rows;
    const auto begin = [&](const Where& where) -> json& {
        json& row = rows[where];
        if (!row.is_null()) {
            return row;
        }
        if (wanted(fields, id)) {
            row[id] = std::get<0>(where);
        }
        if (longitudinal_) {
            row["redcap_event_name"] = std::get<1>(where);
        }
        if (!repeating_.empty()) {
            row["redcap_repeat_instrument"] = std::get<2>(where);
            row["redcap_repeat_instance"] =
                std::get<3>(where).empty() ? json("") : json(std::stoi(std::get<3>(where)));
        }
        for (const Field& field : fields_) {
            if (field.name != id && wanted(fields, field.name)) {
                row[field.name] = "";
            }
        }
        return row;
    };
    for (const std::string& record : records_) {
        if (wanted(records, record)) {
            begin({record, longitudinal_ ? events_.front() : "", "", ""});
        }
    }
    for (const auto& [where, values] : data_) {
        const auto& [record, event, form, instance] = where;
        if (!wanted(records, record)) {
            continue;
        }
        json& row = instance.empty() ? begin({record, event, "", ""}) : begin(where);
        for (const auto& [name, value] : values) {
            if (wanted(fields, name)) {
                row[name] = value;
            }
        }
    }
    json all = json::array();
    for (const auto& [where, row] : rows) {
        all.push_back(row);
    }
    return {200, all.dump()};
}

std::optional<RedcapStub::Answer> RedcapStub::read_import(const Parameters& parameters,
                                                          std::vector<Cell>& cells,
                                                          std::set<std::string>& records) const {
    const json data = json::parse(get(parameters, "data"), nullptr, false);
    if (data.is_object()) {
        return Answer{200, R"({"count":0})"};  // as PyCap #103 saw it
    }
    if (!data.is_array()) {
        return error(406, "The data being imported is not formatted correctly.");
    }
    const bool eav = get(parameters, "type") == "eav";
    const std::string id = fields_.front().name;
    std::vector<std::string> unknown;
    for (const json& row : data) {
        const std::string record = member(row, eav ? "record" : id.c_str());
        const std::string event = member(row, "redcap_event_name");
        const std::string form = member(row, "redcap_repeat_instrument");
        std::string instance = member(row, "redcap_repeat_instance");
        if (longitudinal_ && std::find(events_.begin(), events_.end(), event) == events_.end()) {
            return error(400, fmt::format("The following values of the parameter "
                                          "\"redcap_event_name\" are invalid: '{}'",
                                          event));
        }
        if (!form.empty() && !repeating_.contains({event, form})) {
            return error(400,
                         "redcap_repeat_instrument must be the unique form name of a Repeating "
                         "Instrument. redcap_repeat_instance cannot have a value since this "
                         "instrument or event is not a repeating instrument or repeating "
                         "event, respectively.");
        }
        if (instance == "new") {
            std::int64_t newest = 0;
            for (const auto& [where, values] : data_) {
                if (std::get<0>(where) == record && std::get<1>(where) == event &&
                    std::get<2>(where) == form) {
                    newest = std::max<std::int64_t>(newest, std::stoll(std::get<3>(where)));
                }
            }
            instance = std::to_string(newest + 1);
        }
        records.insert(record);
        const auto add = [&](const std::string& name, const std::string& value) {
            const Field* known = field(name);
            const bool completes = name.ends_with("_complete");
            if (known == nullptr && !completes) {
                unknown.push_back(name);
                return;
            }
            const std::string of =
                known != nullptr ? known->form
                                 : name.substr(0, name.size() - std::string("_complete").size());
            cells.push_back({{record, event, of, instance}, name, value});
        };
        if (eav) {
            add(member(row, "field_name"), member(row, "value"));
            continue;
        }
        for (const auto& [name, value] : row.items()) {
            if (name != id && !name.starts_with("redcap_")) {
                add(name, value.is_string() ? value.get<std::string>() : value.dump());
            }
        }
    }
    if (!unknown.empty()) {
        const std::string words =
            "The following fields were not found in the project as real data fields: " +
            fmt::format("{}", fmt::join(unknown, ", "));
        return old_ ? Answer{400, json{{"error", words}, {"fields", unknown}}.dump()}
                    : error(400, words);
    }
    return std::nullopt;
}

/// What is wrong with a cell, in REDCap's words; empty: nothing.
std::string RedcapStub::judge(const Cell& cell) const {
    const auto& [record, event, form, instance] = cell.where;
    if (locked_.contains(cell.where)) {
        return "This field is located on a form that is locked. You must first unlock this form "
               "for this record.";
    }
    if (longitudinal_ && !designated_.contains({event, form})) {
        return fmt::format(
            "This field ('{}') exists on an instrument that is not designated for "
            "the event named '{} (Arm 1: Arm 1)'. You are not allowed to import "
            "data for this field into this event.",
            cell.field, event);
    }
    const Field* known = field(cell.field);
    if (known == nullptr || cell.value.empty()) {
        return {};
    }
    if (!known->choices.empty() && !has_choice(known->choices, cell.value)) {
        return fmt::format("The value is not a valid category for {}", cell.field);
    }
    const bool whole = known->validation == "integer";
    if ((whole || known->validation == "number") && !matches_number(cell.value, whole)) {
        return fmt::format(
            "The value you provided ({}) could not be validated because it does not "
            "follow the expected format.",
            cell.value);
    }
    return {};
}

RedcapStub::Answer RedcapStub::import_records(const Parameters& parameters) {
    std::vector<Cell> cells;
    std::set<std::string> records;
    if (auto refused = read_import(parameters, cells, records)) {
        return *refused;
    }
    const bool overwrite = get(parameters, "overwriteBehavior") == "overwrite";
    std::string lines;
    json list = json::array();
    for (const Cell& cell : cells) {
        if (cell.value.empty() && !overwrite) {
            continue;
        }
        const std::string words = judge(cell);
        if (words.empty()) {
            continue;
        }
        const auto& [record, event, form, instance] = cell.where;
        lines += fmt::format("{}{},{},{},{}", lines.empty() ? "" : "\n", quoted(record),
                             quoted(cell.field), quoted(cell.value), quoted(words));
        list.push_back({{"record", event.empty() ? record : fmt::format("{} ({})", record, event)},
                        {"field_name", cell.field},
                        {"value", cell.value},
                        {"message", words}});
    }
    if (!lines.empty()) {
        return old_ ? Answer{400,
                             json{{"error", "There were data validation errors"}, {"records", list}}
                                 .dump()}
                    : error(400, lines);
    }
    for (const Cell& cell : cells) {
        records_.insert(std::get<0>(cell.where));
        if ((!cell.value.empty() || overwrite) && cell.field != forgotten_) {
            data_[cell.where][cell.field] = cell.value;
        }
    }
    return {200, json{{"count", records.size()}}.dump()};
}

void build_laboratory_project(RedcapStub& stub) {
    stub.set_fields({{"study_no", "enrolment"},
                     {"lr_id", "lab_results"},
                     {"lr_analyte", "lab_results"},
                     {"lr_value", "lab_results", "text", "number"},
                     {"lr_comparator", "lab_results"},
                     {"lr_text", "lab_results"},
                     {"lr_state", "lab_results", "dropdown", "",
                      "1, Number | 2, Below limit | 3, Not detected | 9, Withdrawn"},
                     {"lr_drawn", "lab_results", "text", "datetime_ymd"},
                     {"k_value", "safety", "text", "number"},
                     {"k_text", "safety"},
                     {"k_state", "safety"},
                     {"remarks", "safety", "notes"},
                     {"alt_value", "liver", "text", "number"},
                     {"alt_text", "liver"},
                     {"alt_state", "liver"}});
    const std::vector<std::string> events{"scr_arm_1", "m0_arm_1",         "m1_arm_1",
                                          "m2_arm_1",  "m3_arm_1",         "m6_arm_1",
                                          "m12_arm_1", "unscheduled_arm_1"};
    stub.set_events(events);
    for (const std::string& event : events) {
        stub.designate(event, "lab_results");
        stub.designate(event, "safety");
        stub.designate(event, "liver");
        stub.set_repeating(event, "lab_results");
    }
    stub.designate("scr_arm_1", "enrolment");
    stub.add_record("S-004");
    stub.add_record("S-005");
}

}  // namespace labrelay::testing
