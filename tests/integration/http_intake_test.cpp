// POST /hl7 over loopback, plain and over TLS.

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/StreamCopier.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <istream>
#include <latch>
#include <ostream>
#include <string>
#include <thread>

#include "certificates.hpp"
#include "labrelay/transport/http_intake.hpp"
#include "labrelay/transport/http_sender.hpp"
#include "scripted_sink.hpp"
#include "temporary_directory.hpp"

namespace labrelay::transport {
namespace {

using namespace std::chrono_literals;
using test::ScriptedSink;
using testing::IsEmpty;

constexpr const char* kHl7 = "application/hl7-v2";

HttpIntakeSettings on_a_free_port() {
    HttpIntakeSettings settings;
    settings.port = 0;
    return settings;
}

struct Response {
    int status = 0;
    std::string type;
    std::string body;
};

struct Request {
    std::string body = "MSH|^~\\&|1\r";
    std::string type = kHl7;
    std::string method = "POST";
    std::string path = "/hl7";
    std::string coding = "";
    bool chunked = false;
};

Response post(std::uint16_t port, const Request& request) {
    Poco::Net::HTTPClientSession session("127.0.0.1", port);
    session.setTimeout(Poco::Timespan(ScriptedSink::kPatience.count(), 0));
    Poco::Net::HTTPRequest head(request.method, request.path, "HTTP/1.1");
    head.setContentType(request.type);
    if (!request.coding.empty()) {
        head.set("Content-Encoding", request.coding);
    }
    if (request.chunked) {
        head.setChunkedTransferEncoding(true);
    } else {
        head.setContentLength64(static_cast<Poco::Int64>(request.body.size()));
    }
    session.sendRequest(head) << request.body;
    Poco::Net::HTTPResponse response;
    Response read;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), read.body);
    read.status = response.getStatus();
    read.type = response.getContentType();
    return read;
}

TEST(HttpIntake, TheStatusSaysWhetherItWasStored) {
    const std::string er7 = "x-application/hl7-v2+er7";
    const std::string msh18 = "MSH|^~\\&|||||||||||||||";  // up to MSH-17
    struct Row {
        const char* what;
        Request request;
        int status;
    };
    const std::vector<Row> rows = {
        {"a message", {}, 200},
        {"the other type", {"MSH|^~\\&|1", er7}, 200},
        {"chunked", {"MSH|^~\\&|1", kHl7, "POST", "/hl7", "", true}, 200},
        {"a batch", {"FHS|^~\\&|1\rBHS|^~\\&|1\rMSH|^~\\&|1\r", kHl7}, 200},
        {"blank lines before", {"\r\n\r\nMSH|^~\\&|1", kHl7}, 200},
        {"a query", {"MSH|^~\\&|1", kHl7, "POST", "/hl7?x=1"}, 200},
        {"same charset",
         {msh18 + "|UNICODE UTF-8\rPID|\xc3\xbc", std::string(kHl7) + "; charset=UTF-8"},
         200},
        {"utf-8 and no MSH-18", {"MSH|^~\\&|\xc3\xbc", std::string(kHl7) + "; charset=utf-8"}, 200},
        {"all ASCII", {msh18 + "|UNICODE UTF-8", std::string(kHl7) + "; charset=us-ascii"}, 200},
        {"other charset",
         {msh18 + "|8859/1\rPID|\xfc", std::string(kHl7) + "; charset=UTF-8"},
         400},
        {"unknown charset", {"MSH|^~\\&|\xfc", std::string(kHl7) + "; charset=klingon"}, 400},
        {"no body", {"", kHl7}, 400},
        {"no HL7", {"{}", kHl7}, 400},
        {"other path", {"MSH|1", kHl7, "POST", "/hl8"}, 404},
        {"other method", {"MSH|1", kHl7, "PUT"}, 405},
        {"other type", {"MSH|1", "text/plain"}, 415},
        {"compressed", {"MSH|1", kHl7, "POST", "/hl7", "gzip"}, 415},
    };
    for (const Row& row : rows) {
        ScriptedSink sink;
        HttpIntake intake(on_a_free_port(), sink);
        const Response response = post(intake.port(), row.request);
        EXPECT_EQ(response.status, row.status) << row.what;
        EXPECT_EQ(sink.messages().size(), row.status == 200 ? 1U : 0U) << row.what;
        if (row.status == 200) {
            EXPECT_EQ(sink.messages().at(0), row.request.body) << row.what;
            EXPECT_EQ(response.body, ScriptedSink::accept(row.request.body)) << row.what;
            EXPECT_EQ(response.type, row.request.type == er7 ? er7 : response.type) << row.what;
        } else {
            EXPECT_EQ(sink.events(Code::http_refused), 1) << row.what;
            EXPECT_EQ(intake.counters().refused, 1U) << row.what;
        }
    }
}

TEST(HttpIntake, TheAnswerIsWhateverTheSinkSays) {
    struct Row {
        MessageSink::Reply reply;
        int status;
        const char* body;
    };
    const std::vector<Row> rows = {
        {{{"MSA|AA"}}, 200, "MSA|AA"},
        {{{"MSA|AE"}}, 200, "MSA|AE"},
        {{{"MSA|AR"}, true}, 200, "MSA|AR"},
        {{{"MSA|CA\r", "MSA|AA\r"}}, 200, "MSA|CA\rMSA|AA\r"},
        {{}, 204, ""},
        {{{}, true, true}, 503, "the message was not stored: send it again\n"},
        {{{"MSA|AE"}, false, true}, 503, "MSA|AE"},
    };
    for (const Row& row : rows) {
        ScriptedSink sink;
        sink.answer = [&](const std::string&) { return row.reply; };
        HttpIntake intake(on_a_free_port(), sink);
        const Response response = post(intake.port(), {});
        EXPECT_EQ(response.status, row.status);
        EXPECT_EQ(response.body, row.body);
    }
}

TEST(HttpIntake, P09_ABodyOverTheLimitIsRefused) {
    ScriptedSink sink;
    HttpIntakeSettings settings = on_a_free_port();
    settings.max_message_bytes = 100;
    HttpIntake intake(settings, sink);
    const std::string large = "MSH|" + std::string(100, 'x');
    EXPECT_EQ(post(intake.port(), {large}).status, 413);
    EXPECT_EQ(post(intake.port(), {large, kHl7, "POST", "/hl7", "", true}).status, 413);
    EXPECT_EQ(post(intake.port(), {large.substr(0, 100)}).status, 200);
}

TEST(HttpIntake, P10_ABodyThatStopsComingIsGivenUpAndStoresNothing) {
    ScriptedSink sink;
    HttpIntakeSettings settings = on_a_free_port();
    settings.read_timeout = 300ms;
    HttpIntake intake(settings, sink);
    Poco::Net::StreamSocket slow(Poco::Net::SocketAddress("127.0.0.1", intake.port()));
    const std::string head =
        "POST /hl7 HTTP/1.1\r\nHost: x\r\nContent-Type: application/hl7-v2\r\n"
        "Content-Length: 100\r\n\r\nMSH|";
    slow.sendBytes(head.data(), static_cast<int>(head.size()));
    EXPECT_TRUE(sink.wait_for_event(Code::http_refused));
    Poco::Net::StreamSocket ended(Poco::Net::SocketAddress("127.0.0.1", intake.port()));
    ended.sendBytes(head.data(), static_cast<int>(head.size()));
    ended.shutdownSend();
    EXPECT_TRUE(sink.wait_for_event(Code::http_refused, 2));
    EXPECT_THAT(sink.messages(), IsEmpty());
}

TEST(HttpIntake, P11_ARequestTooManyIsClosedAndCounted) {
    ScriptedSink sink;
    std::latch inside(1);
    std::latch go_on(1);
    sink.answer = [&](const std::string&) {
        inside.count_down();
        go_on.wait();
        return MessageSink::Reply{{"MSA|AA"}};
    };
    HttpIntakeSettings settings = on_a_free_port();
    settings.max_connections = 1;
    HttpIntake intake(settings, sink);
    Response first;
    std::thread busy([&] { first = post(intake.port(), {}); });
    inside.wait();
    EXPECT_THROW(post(intake.port(), {}), Poco::Exception);
    EXPECT_TRUE(sink.wait_for_event(Code::connection_limit));
    EXPECT_EQ(intake.counters().connections_refused, 1U);
    go_on.count_down();
    busy.join();
    EXPECT_EQ(first.status, 200);
}

TEST(HttpIntake, OverTlsTheClientCertificateIsPartOfTheOrigin) {
    std::signal(SIGPIPE, SIG_IGN);
    const test::TemporaryDirectory directory;
    const test::Certificates certificates(directory.path());
    ScriptedSink sink;
    HttpIntakeSettings settings = on_a_free_port();
    settings.tls =
        TlsContext::for_server(certificates.of("server"), ClientCertificate::required).value();
    HttpIntake intake(settings, sink);
    const std::string url = "https://127.0.0.1:" + std::to_string(intake.port()) + "/hl7";
    const auto send = [&](const TlsFiles& files) {
        return HttpSender::to(url, ScriptedSink::kPatience, TlsContext::for_client(files).value())
            .value()
            .send("MSH|^~\\&|1");
    };
    EXPECT_EQ(send(certificates.of("client")), ScriptedSink::accept("MSH|^~\\&|1"));
    EXPECT_FALSE(send(certificates.only_ca()));
    EXPECT_FALSE(send(certificates.of("stranger")));
    EXPECT_FALSE(send(certificates.of("client", "other")));
    ASSERT_EQ(sink.origins().size(), 1U);
    EXPECT_EQ(sink.origins()[0].certificate, certificates.client_digest());
    EXPECT_EQ(sink.origins()[0].port, intake.port());
}

TEST(HttpSender, SaysWhatBecameOfAMessage) {
    ScriptedSink sink;
    bool away = false;
    sink.answer = [&](const std::string& message) {
        return away ? MessageSink::Reply{{}, true, true}
                    : MessageSink::Reply{{ScriptedSink::accept(message)}};
    };
    HttpIntake intake(on_a_free_port(), sink);
    const std::string base = "http://127.0.0.1:" + std::to_string(intake.port());
    const auto code_of = [](const std::string& url, const std::string& message) {
        const Result<HttpSender> sender = HttpSender::to(url, ScriptedSink::kPatience);
        if (!sender) {
            return sender.error().code;
        }
        const Result<std::string> answer = sender->send(message);
        return answer ? Code::none : answer.error().code;
    };
    EXPECT_EQ(code_of(base, "MSH|^~\\&|1"), Code::none);
    EXPECT_EQ(code_of(base + "/hl7", "MSH|^~\\&|1"), Code::none);
    EXPECT_EQ(code_of(base + "/other", "MSH|^~\\&|1"), Code::http_refused);
    EXPECT_EQ(code_of("ftp://127.0.0.1/hl7", "MSH|^~\\&|1"), Code::usage);
    away = true;
    EXPECT_EQ(code_of(base, "MSH|^~\\&|1"), Code::connection_failed);
    intake.stop();
    EXPECT_EQ(code_of(base, "MSH|^~\\&|1"), Code::connection_failed);
}

}  // namespace
}  // namespace labrelay::transport
