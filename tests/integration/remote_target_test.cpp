// A whole server that forwards to REDCap and to Rave: a result, its correction, its withdrawal; a
// refusal that a person sends again; a connection over TLS. What each target makes of trouble is
// tests/targets/.
#include <Poco/Net/Context.h>
#include <Poco/Net/SecureServerSocket.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "certificates.hpp"
#include "labrelay/api/http_server.hpp"
#include "labrelay/app/server.hpp"
#include "labrelay/app/server_address.hpp"
#include "labrelay/store/delivery_query.hpp"
#include "labrelay/transport/mllp_client.hpp"
#include "rave_stub.hpp"
#include "redcap_maps.hpp"
#include "redcap_stub.hpp"
#include "shipped_mapping.hpp"
#include "temporary_directory.hpp"

namespace labrelay::app {
namespace {

using namespace std::chrono_literals;
using testing::RaveStub;
using testing::RedcapStub;

constexpr const char* kStudy = "NCT05872659";
constexpr const char* kSubject = "SCR-020";

class RemoteTargetTest : public ::testing::Test {
protected:
    void TearDown() override {
        if (server_) {
            server_->stop();
        }
    }

    std::string secret(const std::string& name, std::string_view text) {
        const std::filesystem::path file = directory_.path() / name;
        std::ofstream(file) << text << "\n";
        ::chmod(file.c_str(), 0600);
        return file.string();
    }

    void set(const std::string& name, const std::string& value) {
        const Result<void> applied = apply_setting(settings_, name, value);
        ASSERT_TRUE(applied) << describe(applied.error());
    }

    void serve() {
        set("data", (directory_.path() / "data").string());
        set("mllp.port", "0");
        set("http.port", "0");
        ASSERT_TRUE(check_settings(settings_).empty());
        study::StudyRules rules = test::shipped_configuration().rules();
        for (study::StudyDefinition& study : rules.studies) {
            study.redcap = testing::a_redcap_map();
        }
        auto started = Server::start(
            settings_, std::make_shared<const mapping::Configuration>(
                           test::shipped_configuration().sources(), std::move(rules)));
        ASSERT_TRUE(started) << describe(started.error());
        server_.emplace(std::move(*started));
        const auto imported = server_->import_subjects(
            "study,site,screening_no,identifiers,sex,birth_date,consent_date,art_start\n"
            "NCT05872659,QILU,SCR-020,QILU-MRN:00482020,M,1979-04-18,2024-01-08,2017-03-02\n",
            "subjects.csv");
        ASSERT_TRUE(imported) << describe(imported.error());
    }

    /// One CD4 count at screening, and waits until the targets know of it.
    void send(const std::string& control_id, const std::string& value, const std::string& status) {
        auto client = transport::MllpClient::connect("127.0.0.1", server_->mllp_port(), 20s);
        ASSERT_TRUE(client) << describe(client.error());
        const auto answer = client->send(fmt::format(
            "MSH|^~\\&|LIS-EN|QILU|LABRELAY|QILU|2024011015{0}||ORU^R01^ORU_R01|{0}|P|"
            "2.5.1\rPID|1||00482020^^^QILU^MR||||19790418|M\r"
            "OBR|1|P1|E1|PANEL^Panel^L|||202401100810|||||||||||||||2024011015{0}|||{1}\r"
            "OBX|1|NM|24467-3^CD4 Count^LN||{2}|cells/uL|||||{1}\r",
            control_id, status, value));
        ASSERT_TRUE(answer) << describe(answer.error());
        ASSERT_NE(answer->find("MSA|AA"), std::string::npos) << *answer;
        server_->drain();
    }

    std::vector<store::DeliveryRow> rejected() {
        const auto directory =
            store::DataDirectory::open(directory_.path() / "data", store::DataDirectory::Use::read);
        auto session = store::ReadSession::open(*directory);
        return store::deliveries(*session, {"redcap", delivery::DeliveryState::rejected, 10});
    }

    void use_redcap(const RedcapStub& stub) {
        set("target.redcap.kind", "redcap");
        set("target.redcap.url", stub.url());
        set("target.redcap.token_file", secret("token", RedcapStub::kToken));
        set("target.redcap.study", kStudy);
        set("target.redcap.requests_per_minute", "300");
    }

    static RedcapStub::Where row() { return {kSubject, "scr_arm_1", "lab_results", "1"}; }

    test::TemporaryDirectory directory_;
    ServerSettings settings_;
    std::optional<Server> server_;
};

TEST_F(RemoteTargetTest, RaveGetsAResultItsCorrectionAndItsWithdrawal) {
    RaveStub stub;
    stub.add_subject(kSubject);
    stub.add_event("SE_SCR");
    for (const char* item : {"I_CD4A", "I_CD4A_TEXT", "I_CD4A_CMP", "I_CD4A_STATE"}) {
        stub.add_item(item);
    }
    set("target.rave.kind", "rave");
    set("target.rave.url", stub.url());
    set("target.rave.password-file", secret("password", RaveStub::kPassword));
    set("target.rave.project", "Mediflex");
    set("target.rave.environment", "Dev");
    set("target.rave.study", kStudy);
    serve();
    const auto value = [&](const char* item) {
        return stub.value({kSubject, "SE_SCR", "F_LAB", item});
    };

    send("01", "318", "F");
    EXPECT_EQ(value("I_CD4A"), "318");
    EXPECT_EQ(value("I_CD4A_STATE"), "quantified");
    EXPECT_NE(stub.last_document().find("StudyOID=\"Mediflex (Dev)\""), std::string::npos);
    EXPECT_NE(stub.last_document().find("ItemGroupRepeatKey=\"1\""), std::string::npos)
        << stub.last_document();
    send("02", "381", "C");
    EXPECT_EQ(value("I_CD4A"), "381");
    EXPECT_NE(stub.last_document().find("ItemGroupRepeatKey=\"1\""), std::string::npos);
    send("03", "", "W");
    EXPECT_EQ(stub.count("I_CD4A"), 0U);
    EXPECT_EQ(stub.count("I_CD4A_STATE"), 0U);
    EXPECT_NE(stub.last_document().find("TransactionType=\"Remove\""), std::string::npos);
    EXPECT_EQ(stub.posts(), 3);
}

TEST_F(RemoteTargetTest, RedcapGetsAResultItsCorrectionAndItsWithdrawal) {
    RedcapStub stub;
    testing::build_laboratory_project(stub);
    stub.add_record(kSubject);
    use_redcap(stub);
    serve();

    send("01", "318", "F");
    EXPECT_EQ(stub.value(row(), "lr_value"), "318");
    EXPECT_EQ(stub.value(row(), "lr_state"), "1");
    send("02", "381", "C");
    EXPECT_EQ(stub.value(row(), "lr_value"), "381");
    send("03", "", "W");
    EXPECT_EQ(stub.value(row(), "lr_value"), "");
    EXPECT_EQ(stub.value(row(), "lr_state"), "9");
    EXPECT_EQ(stub.instances(kSubject, "scr_arm_1", "lab_results").size(), 1U);
}

TEST_F(RemoteTargetTest, ARefusedDeliveryIsSentAgainThroughTheRunningServer) {
    RedcapStub stub;
    testing::build_laboratory_project(stub);
    stub.add_record(kSubject);
    use_redcap(stub);
    serve();
    send("01", "318", "F");
    stub.lock(row());
    send("02", "381", "C");
    EXPECT_EQ(stub.value(row(), "lr_value"), "318");
    const std::vector<store::DeliveryRow> refused = rejected();
    ASSERT_EQ(refused.size(), 1U);

    const auto address = read_server_address(directory_.path() / "data");
    ASSERT_TRUE(address);
    const auto resend = [&](const std::string& id) {
        return api::post_to_server(*address, "deliveries/resend", id);
    };
    stub.lock(row(), false);
    const Result<std::string> done = resend(std::to_string(refused[0].id));
    ASSERT_TRUE(done) << describe(done.error());
    server_->drain();
    EXPECT_EQ(stub.value(row(), "lr_value"), "381");
    EXPECT_TRUE(rejected().empty());
    EXPECT_EQ(resend(std::to_string(refused[0].id)).error().code, Code::not_found);
}

TEST_F(RemoteTargetTest, AServerWithACertificateIsVerifiedAndTold) {
    const test::Certificates certificates(directory_.path());
    Poco::Net::Context::Ptr context(new Poco::Net::Context(Poco::Net::Context::SERVER_USE,
                                                           certificates.file("server.key"),
                                                           certificates.file("server.pem"), ""));
    RedcapStub stub(Poco::Net::SecureServerSocket(
        Poco::Net::SocketAddress("127.0.0.1", std::uint16_t{0}), 8, context));
    testing::build_laboratory_project(stub);
    stub.add_record(kSubject);
    use_redcap(stub);
    ASSERT_TRUE(settings_.remote_targets["redcap"].url.starts_with("https://"));
    set("target.redcap.ca", certificates.file("ca.pem").string());
    serve();
    send("01", "318", "F");
    EXPECT_EQ(stub.value(row(), "lr_value"), "318");
}

}  // namespace
}  // namespace labrelay::app
