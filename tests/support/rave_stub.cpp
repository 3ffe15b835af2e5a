#include "rave_stub.hpp"

#include <Poco/Base64Decoder.h>
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
#include <pugixml.hpp>
#include <sstream>
#include <vector>

namespace labrelay::testing {
namespace {

std::string decoded_password(const std::string& authorization) {
    const std::string prefix = "Basic ";
    if (!authorization.starts_with(prefix)) {
        return {};
    }
    std::istringstream encoded(authorization.substr(prefix.size()));
    Poco::Base64Decoder decoder(encoded);
    std::string password;
    Poco::StreamCopier::copyToString(decoder, password);
    return password;
}

}  // namespace

class RaveStubHandler final : public Poco::Net::HTTPRequestHandler {
public:
    explicit RaveStubHandler(RaveStub& stub) : stub_(stub) {}

    void handleRequest(Poco::Net::HTTPServerRequest& request,
                       Poco::Net::HTTPServerResponse& response) override {
        std::string body;
        Poco::StreamCopier::copyToString(request.stream(), body);
        std::string path;
        Poco::URI::decode(request.getURI(), path);
        const RaveStub::Answer answer = stub_.answer(
            request.getMethod(), path, decoded_password(request.get("Authorization", "")), body);
        if (answer.drop) {
            dynamic_cast<Poco::Net::HTTPServerRequestImpl&>(request).socket().shutdown();
            return;
        }
        response.setStatus(std::to_string(answer.status));
        response.setContentType(answer.type);
        response.setContentLength(static_cast<std::streamsize>(answer.body.size()));
        response.send() << answer.body;
    }

private:
    RaveStub& stub_;
};

namespace {

class Factory final : public Poco::Net::HTTPRequestHandlerFactory {
public:
    explicit Factory(RaveStub& stub) : stub_(stub) {}
    Poco::Net::HTTPRequestHandler* createRequestHandler(
        const Poco::Net::HTTPServerRequest& /*request*/) override {
        return new RaveStubHandler(stub_);  // POCO owns it
    }

private:
    RaveStub& stub_;
};

template <class Set, class Value>
void put(Set& set, const Value& value, bool in) {
    if (in) {
        set.insert(value);
    } else {
        set.erase(value);
    }
}

}  // namespace

RaveStub::RaveStub() {
    Poco::Net::HTTPServerParams::Ptr parameters(new Poco::Net::HTTPServerParams);
    parameters->setKeepAlive(false);
    server_ = std::make_unique<Poco::Net::HTTPServer>(
        new Factory(*this),
        Poco::Net::ServerSocket(Poco::Net::SocketAddress("127.0.0.1", std::uint16_t{0})),
        parameters);
    server_->start();
}

RaveStub::~RaveStub() {
    server_->stopAll(true);
}

std::string RaveStub::url() const {
    return fmt::format("http://127.0.0.1:{}/RaveWebServices", server_->port());
}

void RaveStub::add_subject(const std::string& subject, bool exists) {
    const std::lock_guard lock(mutex_);
    put(subjects_, subject, exists);
}

void RaveStub::add_event(const std::string& event, bool exists) {
    const std::lock_guard lock(mutex_);
    put(events_, event, exists);
}

void RaveStub::add_item(const std::string& item, bool exists) {
    const std::lock_guard lock(mutex_);
    put(items_, item, exists);
}

void RaveStub::refuse_value(const std::string& value, bool refuse) {
    const std::lock_guard lock(mutex_);
    put(refused_values_, value, refuse);
}

void RaveStub::lock(const std::string& subject, const std::string& event, const std::string& form,
                    bool locked) {
    const std::lock_guard lock(mutex_);
    put(locked_, std::tuple(subject, event, form), locked);
}

void RaveStub::enter(const Where& where, const std::string& value) {
    const std::lock_guard lock(mutex_);
    data_[where].value = value;
}

void RaveStub::set_rights(Rights rights) {
    const std::lock_guard lock(mutex_);
    rights_ = rights;
}

void RaveStub::fail(RaveFault fault, int times) {
    const std::lock_guard lock(mutex_);
    fault_ = fault;
    fault_times_ = times;
}

void RaveStub::answer_reads(int status, const std::string& body) {
    const std::lock_guard lock(mutex_);
    read_ = {status, body, "text/html"};
}

std::string RaveStub::value(const Where& where) const {
    const std::lock_guard lock(mutex_);
    const auto found = data_.find(where);
    return found == data_.end() ? std::string() : found->second.value;
}

std::size_t RaveStub::count(const std::string& item) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(data_.begin(), data_.end(), [&](const auto& one) {
        return std::get<3>(one.first) == item && !one.second.value.empty();
    }));
}

int RaveStub::posts() const {
    const std::lock_guard lock(mutex_);
    return posts_;
}

int RaveStub::reads() const {
    const std::lock_guard lock(mutex_);
    return reads_;
}

std::string RaveStub::last_document() const {
    const std::lock_guard lock(mutex_);
    return last_;
}

RaveStub::Answer RaveStub::refused(int status, const std::string& code, const std::string& words) {
    return {status,
            fmt::format("<Response ReferenceNumber=\"82e942b0-48e8-4cf4-b299-51e2b6a89a1b\" "
                        "InboundODMFileOID=\"\" IsTransactionSuccessful=\"0\" ReasonCode=\"{}\" "
                        "ErrorOriginLocation=\"/ODM/ClinicalData[1]/SubjectData[1]\" "
                        "SuccessStatistics=\"Rave objects touched: Subjects=0; Folders=0; Forms=0; "
                        "Fields=0; LogLines=0\" ErrorClientResponseMessage=\"{}\"/>",
                        code, words)};
}

RaveStub::Answer RaveStub::answer(const std::string& method, const std::string& path,
                                  const std::string& password, const std::string& body) {
    const std::lock_guard lock(mutex_);
    if (rights_ == Rights::banned) {
        return {403, "<html><body>Request blocked.</body></html>", "text/html"};
    }
    if (password.empty()) {
        return {401, "Authorization Header not provided", "text/plain"};
    }
    if (password != kPassword) {
        return {401, "Incorrect login and password combination. [RWS00008]", "text/plain"};
    }
    if (method == "GET") {
        ++reads_;
        return read_.status != 0 ? read_ : dataset(path);
    }
    if (path != "/RaveWebServices/webservice.aspx?PostODMClinicalData") {
        return {404, "<html><body>404</body></html>", "text/html"};
    }
    ++posts_;
    last_ = body;
    if (rights_ == Rights::not_authorised) {
        return {403,
                "<ODM xmlns:mdsol=\"http://www.mdsol.com/ns/odm/metadata\" "
                "mdsol:ErrorDescription=\"User is not authorized. [RWS00012]\"/>"};
    }
    const RaveFault fault = fault_times_ > 0 ? fault_ : RaveFault::none;
    fault_times_ = std::max(0, fault_times_ - 1);
    switch (fault) {
        case RaveFault::drop_early:
            return {0, {}, {}, true};
        case RaveFault::page_with_500:
            return {500, "<html><body>Server Error in '/' Application.</body></html>", "text/html"};
        case RaveFault::unavailable:
            return {503, "HTTP 503 Service Temporarily Unavailable", "text/plain"};
        case RaveFault::touches_nothing:
            return {200,
                    "<Response IsTransactionSuccessful=\"1\" SuccessStatistics=\"Rave objects "
                    "touched: Subjects=0; Folders=0; Forms=0; Fields=0; LogLines=0\"/>"};
        case RaveFault::none:
        case RaveFault::commit_then_drop:
            break;
    }
    Answer answer = post(body);
    answer.drop = fault == RaveFault::commit_then_drop;
    return answer;
}

std::string RaveStub::judge(const Where& where, const std::string& value) const {
    const auto& [subject, event, form, item] = where;
    if (!subjects_.contains(subject)) {
        return "Subject not found.";
    }
    if (!events_.contains(event)) {
        return fmt::format("Folder OID {} not found.", event);
    }
    if (!items_.contains(item)) {
        return fmt::format("Field OID {} not found.", item);
    }
    if (locked_.contains({subject, event, form})) {
        return "Form is locked. Field data cannot be changed.";
    }
    return refused_values_.contains(value) ? "Value is not in the data dictionary of the field."
                                           : std::string();
}

RaveStub::Answer RaveStub::post(const std::string& body) {
    pugi::xml_document document;
    if (!document.load_buffer(body.data(), body.size())) {
        return {400,
                "<ODM xmlns:mdsol=\"http://www.mdsol.com/ns/odm/metadata\" "
                "mdsol:ErrorDescription=\"Data at the root level is invalid. [RWS00007]\"/>"};
    }
    std::vector<std::pair<Where, Row>> rows;
    for (const pugi::xpath_node& found : document.select_nodes("//ItemData")) {
        const pugi::xml_node item = found.node();
        const pugi::xml_node group = item.parent();
        const pugi::xml_node form = group.parent();
        const pugi::xml_node event = form.parent();
        if (std::string(group.attribute("mdsol:Submission").value()) != "SpecifiedItemsOnly") {
            return refused(400, "RWS00034", "Unsent fields would count as submitted.");
        }
        const Where where{event.parent().attribute("SubjectKey").value(),
                          event.attribute("StudyEventOID").value(),
                          form.attribute("FormOID").value(), item.attribute("ItemOID").value()};
        const std::string value = item.attribute("Value").value();
        if (const std::string words = judge(where, value); !words.empty()) {
            return refused(words.starts_with("Subject") ? 404 : 400, "RWS00024", words);
        }
        rows.emplace_back(where, Row{group.attribute("ItemGroupOID").value(),
                                     group.attribute("ItemGroupRepeatKey").value(),
                                     event.attribute("StudyEventRepeatKey").value(), value});
    }
    int touched = 0;
    for (const auto& [where, row] : rows) {
        touched += data_[where].value == row.value ? 0 : 1;
        data_[where] = row;
    }
    return {200, fmt::format("<Response ReferenceNumber=\"1\" InboundODMFileOID=\"x\" "
                             "IsTransactionSuccessful=\"1\" SuccessStatistics=\"Rave objects "
                             "touched: Subjects=0; Folders=0; Forms=0; Fields={}; LogLines=0\" "
                             "NewRecords=\"\"/>",
                             touched)};
}

/// `/RaveWebServices/studies/P(E)/subjects/KEY/datasets/regular/FORM`
RaveStub::Answer RaveStub::dataset(const std::string& path) const {
    const std::string subjects = "/subjects/";
    const std::string regular = "/datasets/regular/";
    const std::size_t begin = path.find(subjects);
    const std::size_t end = path.find(regular);
    if (begin == std::string::npos || end == std::string::npos) {
        return {404, "<html></html>", "text/html"};
    }
    const std::string subject = path.substr(begin + subjects.size(), end - begin - subjects.size());
    const std::string form = path.substr(end + regular.size());
    if (!subjects_.contains(subject)) {
        return refused(404, "RWS00015", "Subject not found.");
    }
    pugi::xml_document document;
    pugi::xml_node odm = document.append_child("ODM");
    pugi::xml_node data = odm.append_child("ClinicalData").append_child("SubjectData");
    data.append_attribute("SubjectKey").set_value(subject.c_str());
    for (const auto& [where, row] : data_) {
        if (std::get<0>(where) != subject || std::get<2>(where) != form) {
            continue;
        }
        pugi::xml_node event = data.append_child("StudyEventData");
        event.append_attribute("StudyEventOID").set_value(std::get<1>(where).c_str());
        event.append_attribute("StudyEventRepeatKey").set_value(row.event_repeat.c_str());
        pugi::xml_node forms = event.append_child("FormData");
        forms.append_attribute("FormOID").set_value(form.c_str());
        pugi::xml_node group = forms.append_child("ItemGroupData");
        group.append_attribute("ItemGroupOID").set_value(row.group.c_str());
        group.append_attribute("ItemGroupRepeatKey").set_value(row.group_repeat.c_str());
        pugi::xml_node item = group.append_child("ItemData");
        item.append_attribute("ItemOID").set_value(std::get<3>(where).c_str());
        item.append_attribute("Value").set_value(row.value.c_str());
    }
    std::ostringstream text;
    document.save(text);
    return {200, text.str()};
}

}  // namespace labrelay::testing
