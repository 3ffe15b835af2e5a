// The console's reading routes as people of each role ask for them: nothing of a patient's identity
// is said before it is revealed, and nothing of a closed analyte at all.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <streambuf>
#include <thread>

#include "idle_engine.hpp"
#include "labrelay/api/delivery_routes.hpp"
#include "labrelay/api/http_server.hpp"
#include "labrelay/api/message_routes.hpp"
#include "labrelay/api/problem_routes.hpp"
#include "labrelay/api/repairs.hpp"
#include "labrelay/api/search_routes.hpp"
#include "labrelay/api/subject_routes.hpp"
#include "labrelay/api/traffic_routes.hpp"
#include "labrelay/core/sentences.hpp"
#include "labrelay/pipeline/committer.hpp"
#include "labrelay/pipeline/process.hpp"
#include "labrelay/sql/connection.hpp"
#include "labrelay/sql/sqlite_engine.hpp"
#include "labrelay/store/message_query.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/repair_desk.hpp"
#include "labrelay/store/sql_commit_store.hpp"
#include "labrelay/store/store_writer.hpp"
#include "labrelay/views/message_page.hpp"
#include "store_items.hpp"
#include "temporary_directory.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using security::Grant;
using security::Role;

// What must never be seen before it is revealed.
constexpr std::string_view kFamily = "CANARYFAMILY";
constexpr std::string_view kGiven = "CANARYGIVEN";
constexpr std::string_view kMrn = "00482020";
constexpr std::string_view kUnknownMrn = "00977077";
constexpr std::string_view kBirth = "19790418";
constexpr std::string_view kStreet = "CANARYSTREET";
constexpr std::string_view kTelephone = "5550187718";
// What a person who is blinded to HIV RNA must never see.
constexpr std::string_view kClosedValue = "73731";
constexpr std::string_view kUnmappedValue = "84842";

constexpr std::string_view kStudy = "NCT05872659";

std::vector<mapping::ConfigurationFile> shipped_files() {
    const std::filesystem::path root = std::string(LABRELAY_SOURCE_DIR) + "/mappings";
    std::vector<mapping::ConfigurationFile> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
        if (entry.path().extension() != ".xml") {
            continue;
        }
        std::ostringstream bytes;
        bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
        files.push_back({entry.path().lexically_relative(root).generic_string(), bytes.str()});
    }
    return files;
}

/// The shipped configuration with a second site, and HIV RNA closed to viewers.
std::shared_ptr<const mapping::Configuration> blinded_configuration() {
    auto files = shipped_files();
    for (mapping::ConfigurationFile& file : files) {
        if (file.name.ends_with("/study.xml")) {
            file.bytes.insert(file.bytes.find("<location"),
                              R"(<location site="OTHER" oid="LOC.OTHER"/>)");
            const std::size_t at = file.bytes.find("<accept");
            file.bytes.insert(at,
                              R"(<site id="OTHER" name="Other" zone="Asia/Shanghai"/>
                                 <blind analytes="HIVVL HIVVLLOG" roles="viewer"/>)");
        }
    }
    mapping::Loaded loaded = mapping::load_configuration(std::move(files));
    for (const Finding& error : loaded.errors) {
        ADD_FAILURE() << describe(error);
    }
    return loaded.configuration;
}

std::string message(std::string_view control_id, std::string_view mrn, std::string_view collected,
                    std::string_view results) {
    std::ostringstream text;
    text << "MSH|^~\\&|LIS-EN|QILU|LABRELAY|QILU|20260528100000||ORU^R01^ORU_R01|" << control_id
         << "|P|2.5.1\r"
         << "PID|1||" << mrn << "^^^QILU^MR||" << kFamily << "^" << kGiven << "||" << kBirth
         << "|M|||" << kStreet << "^^Jinan||" << kTelephone << "\r"
         << "ORC|RE|P" << control_id << "|E" << control_id << "\r"
         << "OBR|1|P" << control_id << "|E" << control_id << "|PANEL^Panel^L|||" << collected
         << "|||||||||||||||20260528100000|||F\r" << results << "NTE|1||told to " << kFamily
         << " by telephone " << kTelephone << "\r";
    return text.str();
}

class Engine final : public labrelay::testing::IdleEngine {
public:
    LiveSource live_source(std::string_view source) const override {
        return source == "lis-english" ? live : LiveSource{};
    }
    bool shares_store() const override { return true; }

    LiveSource live;
};

security::Principal person(Role role, std::string site = {}, std::string study = {}) {
    security::Principal who;
    who.account = 1;
    who.name = "somebody";
    who.session = "S1";
    who.grants = {Grant{role, std::move(study), std::move(site)}};
    return who;
}

/// Takes a stream of events on a thread of its own, and waits for what is said.
class Listening {
public:
    Listening(Response response, LiveStreams& streams)
        : streams_(streams), thread_([this, taken = std::move(response)] {
              std::ostream out(&heard_);
              taken.stream(out);
          }) {}
    ~Listening() {
        streams_.stop();
        thread_.join();
    }

    bool hears(const std::string& text) { return heard_.wait_for(text); }
    std::string all() { return heard_.text(); }
    /// The data of the last event of the name.
    json last(const std::string& name) {
        const std::string text = all();
        const std::string begin = "event: " + name + "\ndata: ";
        const std::size_t at = text.rfind(begin);
        if (at == std::string::npos) {
            return {};
        }
        const std::size_t from = at + begin.size();
        return json::parse(text.substr(from, text.find('\n', from) - from));
    }

private:
    /// An event counts when it is whole: its lines come in pieces.
    class Heard final : public std::streambuf {
    public:
        bool wait_for(const std::string& wanted) {
            std::unique_lock lock(mutex_);
            return more_.wait_for(lock, std::chrono::seconds(20),
                                  [&] { return whole().find(wanted) != std::string::npos; });
        }
        std::string text() {
            const std::lock_guard lock(mutex_);
            return whole();
        }

    private:
        std::string whole() const {
            const std::size_t end = text_.rfind("\n\n");
            return end == std::string::npos ? std::string() : text_.substr(0, end + 2);
        }
        int_type overflow(int_type c) override {
            const char byte = traits_type::to_char_type(c);
            return xsputn(&byte, 1) == 1 ? c : traits_type::eof();
        }
        std::streamsize xsputn(const char* bytes, std::streamsize size) override {
            const std::lock_guard lock(mutex_);
            text_.append(bytes, static_cast<std::size_t>(size));
            more_.notify_all();
            return size;
        }

        std::mutex mutex_;
        std::condition_variable more_;
        std::string text_;
    };

    LiveStreams& streams_;
    Heard heard_;
    std::thread thread_;
};

class ConsoleRead : public ::testing::Test {
protected:
    ConsoleRead()
        : directory_(*store::DataDirectory::open(temporary_.path() / "data",
                                                 store::DataDirectory::Use::write)),
          writer_(open_writer()),
          store_(*writer_),
          snapshots_(blinded_configuration(), study::Registry{}),
          committer_(store_, snapshots_),
          reads_(directory_),
          services_{reads_, *writer_, snapshots_, clock_, engine_} {
        thread_ = std::thread([this] { committer_.run(stop_.get_token()); });
        add_problem_routes(router_, services_);
        add_message_routes(router_, services_);
        add_subject_routes(router_, services_);
        add_traffic_routes(router_, services_, streams_);
        add_delivery_routes(router_, services_);
        add_search_routes(router_, services_);
        repairs_.emplace(services_, committer_, nullptr);
        add_repair_routes(router_, services_, *repairs_);
        fill();
    }
    ~ConsoleRead() override {
        stop_.request_stop();
        thread_.join();
    }

    std::unique_ptr<store::StoreWriter> open_writer() {
        store::WriterOptions options;
        options.targets = {"study"};
        return std::move(*store::StoreWriter::open(directory_, clock_, options));
    }

    sql::Connection direct() {
        return sql::Connection(std::make_unique<sql::SqliteEngine>(
            temporary_.path() / "data" / "store.db", sql::SqliteOptions{}));
    }

    void submit(std::string bytes) {
        pipeline::Submission submission;
        submission.arrival.message_id = MessageId{++last_id_};
        submission.arrival.received_at = clock_.now();
        submission.arrival.ack_id = std::to_string(last_id_);
        submission.proposal = pipeline::process(bytes, submission.arrival,
                                                *snapshots_.configuration(), snapshots_.registry());
        submission.bytes = std::move(bytes);
        ASSERT_TRUE(committer_.submit(std::move(submission)).get().stored);
    }

    void fill() {
        study::Subject known = testing::a_subject("SCR-020", std::string(kMrn));
        known.study = kStudy;
        known.site = "QILU";
        known.identifiers = {{"QILU-MRN", std::string(kMrn)}};
        known.sex = study::Sex::male;
        known.birth_date = *parse_iso_time("1979-04-18");
        known.consent_date = *parse_iso_time("2026-05-20");
        known.screening_from.reset();
        known.first_infusion.reset();
        committer_.change_registry([&](const study::Registry&) {
            return pipeline::RegistryChange{{known}, {}, "import"};
        });
        // Stored: open and closed analytes, held: an unknown unit of each, an unmapped code.
        submit(message("C1", kMrn, "202605250810",
                       "OBX|1|NM|25836-8^HIV-1 RNA^LN||73731|copies/mL|||||F\r"
                       "OBX|2|NM|24467-3^CD4 Count^LN||318|cells/uL|||||F\r"));
        submit(message("C2", kMrn, "202605260810",
                       "OBX|1|NM|25836-8^HIV-1 RNA^LN||73731|furlongs|||||F\r"
                       "OBX|2|NM|24467-3^CD4 Count^LN||319|furlongs|||||F\r"
                       "OBX|3|NM|NEWCODE^New^L||84842|U|||||F\r"));
        submit(message("C3", kUnknownMrn, "202605260810",
                       "OBX|1|NM|25836-8^HIV-1 RNA^LN||73731|copies/mL|||||F\r"
                       "OBX|2|NM|24467-3^CD4 Count^LN||320|cells/uL|||||F\r"));
        committer_.drain();
        while (store::group_holds(*writer_) > 0) {
        }
    }

    Response ask(const security::Principal& who, std::string path,
                 std::multimap<std::string, std::string> query = {}, Method method = Method::get,
                 std::string body = {}) {
        Request request;
        request.method = method;
        request.path = std::move(path);
        request.query = std::move(query);
        request.body = std::move(body);
        request.at = clock_.now();
        request.who = who;
        return router_.serve(std::move(request));
    }
    json asked(const security::Principal& who, const std::string& path,
               std::multimap<std::string, std::string> query = {}) {
        const Response response = ask(who, path, std::move(query));
        EXPECT_EQ(response.status, 200) << path << " " << response.body;
        return json::parse(response.body);
    }

    std::string id(std::int64_t number) const { return to_base32(MessageId{number}); }
    std::string subject_path() const {
        return "/subjects/" +
               std::to_string(snapshots_.registry().all_subjects().front()->id.value);
    }

    /// Every GET route, with everything that there is in its path, and what it answered.
    std::vector<std::pair<std::string, std::string>> everything(const security::Principal& who) {
        std::vector<std::pair<std::string, std::string>> answers;
        const std::string subject =
            std::to_string(snapshots_.registry().all_subjects().front()->id.value);
        const auto take = [&](const std::string& path,
                              std::multimap<std::string, std::string> query) {
            const Response response = ask(who, path, std::move(query));
            answers.emplace_back(path, response.body);
        };
        for (const Route& route : router_.routes()) {
            if (route.method != Method::get || route.path == "/traffic/live" ||
                route.path == "/events") {
                continue;
            }
            std::vector<std::string> ids{"1"};
            if (route.path.starts_with("/messages")) {
                ids = {id(1), id(2), id(3)};
            } else if (route.path.starts_with("/problems")) {
                ids = {"1", "2", "3", "4", "5", "6"};
            } else if (route.path.starts_with("/results")) {
                ids = {subject + "-1", subject + "-2", subject + "-3"};
            } else if (route.path.starts_with("/subjects") ||
                       route.path.starts_with("/eligibility")) {
                ids = {subject};
            } else if (route.path.starts_with("/sources")) {
                ids = {"lis-english"};
            }
            for (const std::string& one : ids) {
                std::string path(route.path);
                const std::size_t open = path.find('{');
                if (open != std::string::npos) {
                    path.replace(open, path.find('}') - open + 1, one);
                }
                for (const std::string& q :
                     {std::string(), std::string("C1"), std::string(kMrn), std::string(kUnknownMrn),
                      std::string(kFamily), std::string("EC1"), std::string("SCR-020")}) {
                    take(path, {{"q", q}, {"analytes", "HIVVL,CD4A"}});
                }
                if (path == "/problems") {
                    take(path, {{"state", "in review"}});
                }
            }
        }
        return answers;
    }

    test::TemporaryDirectory temporary_;
    testing::FixedClock clock_;
    Engine engine_;
    store::DataDirectory directory_;
    std::unique_ptr<store::StoreWriter> writer_;
    store::SqlCommitStore store_;
    pipeline::Snapshots snapshots_;
    pipeline::Committer committer_;
    store::ReadPool reads_;
    Services services_;
    LiveStreams streams_;
    std::optional<Repairs> repairs_;
    Router router_;
    std::stop_source stop_;
    std::thread thread_;
    std::int64_t last_id_ = 0;
};

TEST_F(ConsoleRead, WhatSaysWhoAPatientIsStaysMaskedInEveryRoute) {
    for (const Role role : {Role::viewer, Role::data_manager, Role::mapper, Role::inspector}) {
        std::size_t answered = 0;
        for (const auto& [path, body] : everything(person(role))) {
            answered += body.find("\"status\":4") == std::string::npos ? 1U : 0U;
            for (const std::string_view canary :
                 {kFamily, kGiven, kMrn, kUnknownMrn, kBirth, kStreet, kTelephone,
                  std::string_view("1979-04-18")}) {
                EXPECT_EQ(body.find(canary), std::string::npos)
                    << to_string(role) << " reads " << canary << " in " << path;
            }
        }
        EXPECT_GT(answered, 60U) << "the routes answered nothing that could have told";
    }
}

TEST_F(ConsoleRead, RevealedWithAReasonItIsSeenForAQuarterOfAnHourAndAudited) {
    const security::Principal manager = person(Role::data_manager);
    const std::string path = "/messages/" + id(1);
    EXPECT_EQ(ask(manager, path + "/reveal", {}, Method::post, "{}").status, 422);
    EXPECT_EQ(
        ask(person(Role::viewer), path + "/reveal", {}, Method::post, R"({"reason":"curious"})")
            .status,
        403);
    EXPECT_EQ(ask(manager, path + "/reveal", {}, Method::post, R"({"reason":"twins"})").status,
              200);
    EXPECT_NE(ask(manager, path + "/raw").body.find(kFamily), std::string::npos);
    EXPECT_NE(ask(manager, path + "/bytes").body.find(kMrn), std::string::npos);
    EXPECT_FALSE(asked(manager, path)["masked"]);
    // Another message, another session and a later hour see nothing.
    EXPECT_EQ(ask(manager, "/messages/" + id(2) + "/raw").body.find(kFamily), std::string::npos);
    security::Principal other = manager;
    other.session = "S2";
    EXPECT_EQ(ask(other, path + "/raw").body.find(kFamily), std::string::npos);
    clock_.set(Instant{clock_.now().microseconds + 16LL * 60 * 1'000'000});
    EXPECT_EQ(ask(manager, path + "/raw").body.find(kFamily), std::string::npos);
}

TEST_F(ConsoleRead, ASubjectsIdentityIsRevealedByItself) {
    const security::Principal manager = person(Role::data_manager);
    EXPECT_TRUE(asked(manager, subject_path())["identity"]["masked"]);
    EXPECT_EQ(
        ask(manager, subject_path() + "/reveal", {}, Method::post, R"({"reason":"call"})").status,
        200);
    const json identity = asked(manager, subject_path())["identity"];
    EXPECT_EQ(identity["identifiers"][0]["value"], std::string(kMrn));
    EXPECT_EQ(identity["birth_date"], "1979-04-18");
}

TEST_F(ConsoleRead, TheMaskKeepsStructureAndMarksTheOriginalsBytes) {
    const json page = asked(person(Role::mapper), "/messages/" + id(2));
    const std::string bytes = ask(person(Role::mapper), "/messages/" + id(2) + "/bytes").body;
    EXPECT_EQ(page["size"], bytes.size());
    EXPECT_TRUE(page["sha256_proven"]);
    const json& pid = page["segments"][1];
    EXPECT_EQ(pid["id"], "PID");
    EXPECT_EQ(pid["fields"][4]["name"], "patient name");
    EXPECT_TRUE(pid["fields"][4]["masked"]);
    EXPECT_EQ(pid["fields"][4]["repetitions"][0]["components"][0]["name"], "family name");
    EXPECT_FALSE(pid["fields"][7]["masked"]);
    const std::size_t offset = pid["fields"][4]["offset"];
    const std::size_t length = pid["fields"][4]["length"];
    EXPECT_EQ(bytes.substr(offset, length), std::string(12, '*') + "^" + std::string(11, '*'));
    EXPECT_NE(bytes.find("24467-3^CD4 Count^LN"), std::string::npos);
}

TEST_F(ConsoleRead, AClosedAnalyteIsAbsentForWhomItIsClosed) {
    const security::Principal viewer = person(Role::viewer);
    for (const auto& [path, body] : everything(viewer)) {
        EXPECT_EQ(body.find(kClosedValue), std::string::npos) << path;
        EXPECT_EQ(body.find(kUnmappedValue), std::string::npos) << path;
        if (!path.starts_with("/messages") && !path.starts_with("/eligibility") &&
            path != subject_path()) {
            EXPECT_EQ(body.find("HIVVL"), std::string::npos) << path;
        }
    }
    bool open = false;
    for (const auto& [path, body] : everything(person(Role::inspector))) {
        open = open || body.find(kClosedValue) != std::string::npos;
    }
    EXPECT_TRUE(open) << "an inspector is not blinded";
    // A second role that is not closed opens it.
    security::Principal both = viewer;
    both.grants.push_back({Role::data_manager, std::string(kStudy), ""});
    EXPECT_NE(ask(both, subject_path()).body.find("HIVVL"), std::string::npos);
    // One that sees no results opens none.
    security::Principal administers = viewer;
    administers.grants.push_back({Role::administrator, "", ""});
    EXPECT_EQ(ask(administers, subject_path()).body.find(kClosedValue), std::string::npos);
}

TEST_F(ConsoleRead, ClosedResultsCountInNoList) {
    const json viewer = asked(person(Role::viewer), "/problems");
    const json inspector = asked(person(Role::inspector), "/problems");
    EXPECT_EQ(inspector["counts"]["open"], 4);  // two units, the code, the patient
    EXPECT_EQ(viewer["counts"]["open"], 3);
    const auto held = [](const json& list, const std::string& rule) {
        std::int64_t sum = 0;
        for (const json& problem : list["items"]) {
            sum += problem["rule"] == rule ? problem["held"].get<std::int64_t>() : 0;
        }
        return sum;
    };
    EXPECT_EQ(held(inspector, "unknown-subject"), 2);
    EXPECT_EQ(held(viewer, "unknown-subject"), 1);
    EXPECT_EQ(held(inspector, "unknown-unit"), 2);
    EXPECT_EQ(held(viewer, "unknown-unit"), 1);
}

TEST_F(ConsoleRead, AProblemSaysInPlainWordsWhatIsTheMatter) {
    const json list = asked(person(Role::data_manager), "/problems", {{"sort", "size"}});
    std::set<std::string> sentences;
    for (const json& problem : list["items"]) {
        sentences.insert(problem["sentence"].get<std::string>());
    }
    EXPECT_TRUE(sentences.contains("Test code \"NEWCODE\" from lis-english is not mapped"));
    EXPECT_TRUE(sentences.contains("Patient QILU-MRN:•••••••• is in no registry"));
    for (const json& problem : list["items"]) {
        const json one =
            asked(person(Role::data_manager), "/problems/" + problem["id"].get<std::string>());
        EXPECT_FALSE(one["expected"].get<std::string>().empty());
        EXPECT_FALSE(one["who_can_fix"].get<std::string>().empty());
        EXPECT_TRUE(one["example"].is_object());
    }
    const json first = asked(person(Role::data_manager), "/problems", {{"limit", "1"}});
    const json second = asked(person(Role::data_manager), "/problems",
                              {{"limit", "3"}, {"after", first["next"].get<std::string>()}});
    EXPECT_EQ(second["items"].size(), 3U);
    EXPECT_TRUE(second["next"].is_null());
    EXPECT_NE(first["items"][0]["id"], second["items"][0]["id"]);
}

TEST_F(ConsoleRead, ASiteSeesItsOwnSubjectsAndNothingOfNobody) {
    const security::Principal here = person(Role::data_manager, "QILU", std::string(kStudy));
    const security::Principal there = person(Role::data_manager, "OTHER", std::string(kStudy));
    const security::Principal study = person(Role::data_manager, "", std::string(kStudy));
    EXPECT_EQ(asked(here, "/subjects")["total"], 1);
    EXPECT_EQ(asked(there, "/subjects")["total"], 0);
    EXPECT_EQ(ask(there, subject_path()).status, 404);
    EXPECT_EQ(ask(there, "/messages/" + id(1)).status, 404);
    EXPECT_EQ(ask(here, "/messages/" + id(1)).status, 200);
    EXPECT_EQ(asked(there, "/messages")["items"].size(), 0U);
    EXPECT_EQ(asked(here, "/messages")["items"].size(), 2U);
    // Of nobody known: only for whom the whole study is.
    EXPECT_EQ(ask(here, "/messages/" + id(3)).status, 404);
    EXPECT_EQ(ask(study, "/messages/" + id(3)).status, 200);
    EXPECT_EQ(asked(here, "/problems")["counts"]["open"], 3);
    EXPECT_EQ(asked(there, "/problems")["counts"]["open"], 0);
    EXPECT_EQ(asked(study, "/problems")["counts"]["open"], 4);
    EXPECT_EQ(asked(there, "/search", {{"q", "C1"}})["items"].size(), 0U);
    EXPECT_EQ(asked(here, "/search", {{"q", "C1"}})["items"].size(), 1U);
    EXPECT_EQ(asked(here, "/search", {{"q", "EC1"}})["items"].size(), 1U);
    EXPECT_EQ(asked(there, "/outstanding")["items"].size(), 0U);
    // Administrators see no study data.
    EXPECT_EQ(ask(person(Role::administrator), "/problems").status, 403);
    EXPECT_EQ(ask(person(Role::administrator), "/messages/" + id(1)).status, 403);
    EXPECT_EQ(ask({}, "/problems").status, 401);
}

TEST_F(ConsoleRead, AResultIsExplainedFromBytesToDelivery) {
    const json page = asked(person(Role::data_manager), subject_path());
    ASSERT_EQ(page["results"].size(), 3U);  // the logarithm is derived
    const std::string result = page["results"][0]["result_id"];
    const json strip =
        asked(person(Role::data_manager), "/results/" + result + "/lineage")["steps"];
    std::vector<std::string> kinds;
    for (const json& step : strip) {
        if (kinds.empty() || kinds.back() != step["kind"]) {
            kinds.push_back(step["kind"]);
        }
    }
    EXPECT_EQ(kinds.front(), "bytes");
    EXPECT_EQ(kinds.at(1), "segment");
    for (const char* const kind : {"rule", "version", "placement", "delivery"}) {
        EXPECT_NE(std::ranges::find(kinds, kind), kinds.end()) << kind;
    }
    const std::string bytes = ask(person(Role::data_manager), "/messages/" + id(1) + "/bytes").body;
    EXPECT_EQ(bytes.substr(strip[1]["offset"].get<std::size_t>(), 3), "OBX");
    EXPECT_EQ(strip[1]["sentences"][0]["key"], "segment_code");
    const json series =
        asked(person(Role::data_manager), subject_path() + "/series", {{"analytes", "CD4A,HIVVL"}});
    EXPECT_EQ(series["series"].size(), 2U);
    EXPECT_EQ(series["series"][0]["points"][0]["plotted"], "318");
}

TEST_F(ConsoleRead, EveryStepOfALineageMarksTheBytesThatItRead) {
    const security::Principal manager = person(Role::data_manager);
    const json page = asked(manager, subject_path());
    const auto count = std::ranges::find_if(
        page["results"], [](const json& result) { return result["analyte"] == "CD4A"; });
    ASSERT_NE(count, page["results"].end());
    const json strip = asked(
        manager, "/results/" + (*count)["result_id"].get<std::string>() + "/lineage")["steps"];
    const std::string bytes = ask(manager, "/messages/" + id(1) + "/bytes").body;
    const auto step = [&](std::string_view rule) {
        const auto found =
            std::ranges::find_if(strip, [&](const json& one) { return one["rule"] == rule; });
        return found == strip.end() ? json() : *found;
    };
    const auto marked = [&](std::string_view rule) {
        const json one = step(rule);
        return one.is_null() || one["offset"].is_null()
                   ? std::string("nothing")
                   : one["place"].get<std::string>() + " " +
                         bytes.substr(one["offset"].get<std::size_t>(),
                                      one["length"].get<std::size_t>());
    };
    EXPECT_EQ(marked("map.code"), "OBX[2]-3.1 24467-3");
    EXPECT_EQ(marked("value.read"), "OBX[2]-5.1 318");
    EXPECT_EQ(marked("unit.read"), "OBX[2]-6.1 cells/uL");
    EXPECT_EQ(marked("collected.time"), "OBR-7.1 202605250810");
    // Masked bytes are marked too.
    EXPECT_EQ(marked("subject.identifier"), "PID-3.1 " + std::string(kMrn.size(), '*'));
    EXPECT_EQ(step("specimen.identity")["read"].size(), 1U);
    EXPECT_EQ(marked("place"), "nothing");
    const json segment = strip[1];
    EXPECT_EQ(
        bytes.substr(segment["offset"].get<std::size_t>(), segment["length"].get<std::size_t>()),
        "OBX|2|NM|24467-3^CD4 Count^LN||318|cells/uL|||||F");
    // What is said can be said in another language.
    EXPECT_EQ(step("value.read")["text"], "OBX[2]-5 says the number 318.");
    EXPECT_EQ(step("value.read")["sentences"],
              json::parse(R"([{"key":"value_number","parameters":{"number":"318",
                               "place":"OBX[2]-5"}}])"));
    for (const json& one : strip) {
        EXPECT_FALSE(one["sentences"].empty()) << one;
        EXPECT_FALSE(one["title_sentences"].empty()) << one;
    }
}

TEST_F(ConsoleRead, AStepThatNamesAClosedResultSaysNothingOfIt) {
    auto session = reads_.borrow();
    ASSERT_TRUE(session);
    const auto detail = store::message(**session, MessageId{1});
    ASSERT_TRUE(detail);
    const study::LineageStep step{
        "check.V7",
        say(Sentence::pair_against, "HIVVL " + std::string(kClosedValue), "20"),
        {{"OBX-5.1", 20}}};
    const auto shown_to = [&](const security::Principal& who) {
        const views::Sight sight(who, security::Permission::results_view,
                                 snapshots_.configuration(), snapshots_.registry());
        const views::ShownMessage message(*detail, sight, false);
        return views::step_json(step, message, sight).dump();
    };
    EXPECT_NE(shown_to(person(Role::data_manager)).find(kClosedValue), std::string::npos);
    const std::string blinded = shown_to(person(Role::viewer));
    EXPECT_EQ(blinded.find(kClosedValue), std::string::npos) << blinded;
    EXPECT_EQ(blinded.find("HIVVL"), std::string::npos) << blinded;
    EXPECT_NE(blinded.find("not_for_you"), std::string::npos) << blinded;
    EXPECT_EQ(json::parse(blinded)["read"], json::array());

    // A place is as long as what it names.
    const security::Principal manager = person(Role::data_manager);
    const views::Sight sight(manager, security::Permission::results_view,
                             snapshots_.configuration(), snapshots_.registry());
    const views::ShownMessage message(*detail, sight, false);
    const std::size_t code = detail->bytes->find("25836-8^HIV-1 RNA^LN");
    for (const auto& [place, length] : {std::pair("OBX-3.1", 7), std::pair("OBX-3.1.1", 7),
                                        std::pair("OBX-3", 20), std::pair("OBX-3[1]", 20)}) {
        EXPECT_EQ(message.place_json({place, code})["length"], length) << place;
    }
    EXPECT_TRUE(message.place_json({"OBX-3", Place::kNoOffset})["length"].is_null());
}

TEST_F(ConsoleRead, WhyAProblemIsUrgentIsSaidByKeys) {
    clock_.set(Instant{clock_.now().microseconds + 8LL * 24 * 3600 * 1'000'000});
    const json problems = asked(person(Role::data_manager), "/problems")["items"];
    ASSERT_FALSE(problems.empty());
    for (const json& problem : problems) {
        EXPECT_EQ(problem["risk_reasons"].empty(), problem["risk_why"] == "") << problem;
        const auto old = std::ranges::find_if(
            problem["risk_reasons"], [](const json& reason) { return reason["key"] == "old"; });
        ASSERT_NE(old, problem["risk_reasons"].end()) << problem;
        EXPECT_EQ((*old)["n"], 8);
        EXPECT_NE(problem["risk_why"].get<std::string>().find("open for 8 days"),
                  std::string::npos);
    }
}

TEST_F(ConsoleRead, CriteriaSayWhatTheyRestOnByKeys) {
    const json criteria =
        asked(person(Role::data_manager), subject_path())["eligibility"]["criteria"];
    std::size_t said = 0;
    for (const json& criterion : criteria) {
        for (const json& evidence : criterion["evidence"]) {
            EXPECT_FALSE(evidence["sentences"].empty()) << evidence;
            ++said;
        }
    }
    EXPECT_GT(said, 3U);
}

TEST_F(ConsoleRead, OutstandingAsOfADayKnowsNothingLater) {
    const security::Principal manager = person(Role::data_manager);
    const json now = asked(manager, "/outstanding");
    EXPECT_EQ(now["counts"]["held"], 3);
    const json before = asked(manager, "/outstanding", {{"as_of", "2026-05-01"}});
    EXPECT_FALSE(before["counts"].contains("held"));
    EXPECT_EQ(ask(manager, "/outstanding", {{"as_of", "soon"}}).status, 400);
}

TEST_F(ConsoleRead, WhatIsHeldStandsAtItsVisitAndAnalyteWhereTheyAreKnown) {
    const auto held = [&](const security::Principal& who) {
        std::map<std::string, json> by_code;
        const json page = asked(who, "/outstanding");
        for (const json& item : page["items"]) {
            if (item["kind"] == "held") {
                by_code[item["code"].get<std::string>()] = item;
            }
        }
        return by_code;
    };
    const auto all = held(person(Role::data_manager));
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all.at("24467-3")["analyte"], "CD4A");
    EXPECT_EQ(all.at("24467-3")["rule"], "unknown-unit");
    EXPECT_EQ(all.at("24467-3")["visit"], all.at("NEWCODE")["visit"]) << "one draw";
    EXPECT_EQ(all.at("25836-8")["analyte"], "HIVVL");
    EXPECT_EQ(all.at("NEWCODE")["analyte"], "") << "no analyte is known of it";
    EXPECT_EQ(all.at("NEWCODE")["rule"], "unknown-code");
    // Neither what is closed nor what may be.
    const auto open = held(person(Role::viewer));
    ASSERT_EQ(open.size(), 1U);
    EXPECT_TRUE(open.contains("24467-3"));
}

TEST_F(ConsoleRead, ASourceShowsTheAnswersAndConnectionsOfThisNode) {
    transport::OpenConnection connection;
    connection.peer = {"east", "192.0.2.7:40000", true, "CN=lis", Instant{1'780'100'000'000'000}};
    connection.age = std::chrono::hours(1);
    connection.quiet = std::chrono::minutes(2);
    connection.messages = 12;
    engine_.live = {12, 3.14159, 21.0, {connection}};
    const json traffic = asked(person(Role::data_manager), "/traffic");
    EXPECT_EQ(traffic["node"], (json{{"id", "0"}, {"shared", true}}));
    for (const json& source : traffic["sources"]) {
        if (source["id"] == "lis-english") {
            EXPECT_EQ(source["ack_p50_ms"], 3.1);
            EXPECT_EQ(source["ack_p99_ms"], 21.0);
            EXPECT_EQ(source["ack_answers_24h"], 12);
        } else {
            EXPECT_TRUE(source["ack_p50_ms"].is_null());
        }
    }
    const json one = asked(person(Role::data_manager), "/sources/lis-english");
    EXPECT_EQ(one["node"]["shared"], true);
    EXPECT_EQ(one["ack_p50_ms"], 3.1);
    ASSERT_EQ(one["connections"].size(), 1U);
    const auto before = [&](std::chrono::microseconds time) {
        return to_iso(Instant{clock_.now().microseconds - time.count()});
    };
    EXPECT_EQ(
        one["connections"][0],
        (json{{"peer", "192.0.2.7:40000"},
              {"way", "east"},
              {"tls", true},
              {"since", before(std::chrono::hours(1))},
              {"last_message", before(std::chrono::minutes(2))},
              {"messages", 12},
              {"certificate",
               {{"subject", "CN=lis"}, {"expires", to_iso(Instant{1'780'100'000'000'000})}}}}));
}

TEST_F(ConsoleRead, NoDeliveryIsSkippedFromPageToPage) {
    const std::int64_t known = snapshots_.registry().all_subjects().front()->id.value;
    sql::Connection database = direct();
    database.execute("DELETE FROM outbox");
    // A target that was named later and sorts before: the pages go by the names.
    database.execute("INSERT INTO term(term_id, text) VALUES (9001, 'archive')");
    database.execute("INSERT INTO target(target_id) VALUES (9001)");
    const auto add = [&](const std::string& target, std::int64_t subject, const char* state) {
        database.execute(
            "INSERT INTO outbox(target_id, subject_id, state, results) SELECT term_id, " +
            std::to_string(subject) + ", '" + state + "', '1' FROM term WHERE text = '" + target +
            "'");
    };
    // More rows of somebody else than one request reads over stand before those of the person.
    constexpr int kOfOthers = 50;
    for (int row = 0; row < kOfOthers; ++row) {
        add("study", known + 1, "ready");
    }
    for (const char* target : {"study", "archive"}) {
        add(target, known, "ready");
        add(target, known, "rejected");
        add(target, known, "ready");
    }
    const auto all = [&](const security::Principal& who) {
        std::vector<std::string> ids;
        std::multimap<std::string, std::string> query{{"limit", "1"}};
        for (int requests = 0; requests < 200; ++requests) {
            const json page = asked(who, "/deliveries", query);
            for (const json& item : page["items"]) {
                ids.push_back(item["id"].get<std::string>());
            }
            if (page["next"].is_null()) {
                break;
            }
            query = {{"limit", "1"}, {"after", page["next"].get<std::string>()}};
        }
        return ids;
    };
    const std::vector<std::string> here =
        all(person(Role::data_manager, "QILU", std::string(kStudy)));
    EXPECT_EQ(here.size(), 6U);
    EXPECT_EQ(std::set<std::string>(here.begin(), here.end()).size(), 6U) << "each once";
    EXPECT_EQ(all(person(Role::data_manager)).size(), 6U + kOfOthers);
}

TEST_F(ConsoleRead, WordsOfATargetGoToWhomTheyMayTellNothingClosed) {
    direct().execute(
        "UPDATE outbox SET state = 'retry', why = 'lr_value: 73731 is too large, QILU-MRN:" +
        std::string(kMrn) + "'");
    const auto words = [&](const security::Principal& who) {
        const json page = asked(who, "/deliveries");
        std::set<std::string> said;
        for (const json& target : page["targets"]) {
            said.insert(target["last_error"].get<std::string>());
        }
        for (const json& item : page["items"]) {
            said.insert(item["why"].get<std::string>());
        }
        return said;
    };
    EXPECT_EQ(words(person(Role::data_manager)),
              std::set<std::string>{"lr_value: 73731 is too large, QILU-MRN:••••••••"});
    EXPECT_EQ(words(person(Role::viewer)), std::set<std::string>{""}) << "HIV RNA is closed";
    EXPECT_EQ(words(person(Role::administrator)), std::set<std::string>{""})
        << "whoever sees no results has nothing open that is closed to anybody";
    EXPECT_EQ(words(person(Role::data_manager, "OTHER", std::string(kStudy))),
              std::set<std::string>{""})
        << "it is about a subject of another site";
}

TEST_F(ConsoleRead, TheLastGoodMessageIsComparedFieldByField) {
    submit(
        message("C4", kMrn, "202605270810", "OBX|1|NM|24467-3^CD4 Count^LN||400|furlongs|||||F\r"));
    const json diff = asked(person(Role::mapper), "/messages/" + id(4) + "/diff/last-good");
    EXPECT_EQ(diff["other"]["control_id"], "C1");
    bool removed = false;
    for (const json& segment : diff["segments"]) {
        if (segment["id"] == "OBX" && segment["kind"] == "changed") {
            EXPECT_EQ(segment["fields"], (json{1, 5, 6}));
        }
        removed = removed || (segment["id"] == "OBX" && segment["kind"] == "removed");
    }
    EXPECT_TRUE(removed);
}

TEST_F(ConsoleRead, EventsTellOfTheConfigurationAndOfRepairsToWhoeverMaySeeThem) {
    const std::string hash = snapshots_.configuration()->hash();
    const security::Principal here = person(Role::data_manager, "QILU", std::string(kStudy));
    std::int64_t job = 0;
    {
        Listening listening(ask(here, "/events"), streams_);
        ASSERT_TRUE(listening.hears("event: engine\n"));
        EXPECT_EQ(listening.last("engine")["config_hash"], hash);
        EXPECT_EQ(listening.last("engine")["state"], "live");
        EXPECT_EQ(listening.all().find("event: job"), std::string::npos) << "no repair runs";
        const json problems = asked(here, "/problems");
        const ProblemId problem{std::stoll(problems["items"][0]["id"].get<std::string>())};
        committer_.change([&](pipeline::CommitStore&, study::StateView&, study::Registry&) {
            store::Desk desk(*writer_, store::Desk::Joined{});
            store::NewRepair repair;
            repair.problem = problem;
            repair.kind = "reprocess";
            repair.items = {{MessageId{2}, 1}};
            job = store::queue_repair(desk, store::by_command("test"), repair);
        });
        ASSERT_TRUE(listening.hears(R"("state":"done")"));
        const json told = listening.last("job");
        EXPECT_EQ(told, asked(here, "/jobs/" + std::to_string(job))) << "as the route shows it";
        EXPECT_EQ(told["done"], 1);
        // Another configuration holds from now on.
        snapshots_.replace(mapping::load_configuration(shipped_files()).configuration);
        const std::string other = snapshots_.configuration()->hash();
        ASSERT_NE(other, hash);
        ASSERT_TRUE(listening.hears(other));
        EXPECT_EQ(listening.last("engine")["config_hash"], other);
    }
}

TEST_F(ConsoleRead, ARepairThatEndedBetweenTwoStreamsIsToldToWhomItConcerns) {
    const json problems = asked(person(Role::data_manager), "/problems");
    committer_.change([&](pipeline::CommitStore&, study::StateView&, study::Registry&) {
        store::Desk desk(*writer_, store::Desk::Joined{});
        store::NewRepair repair;
        repair.problem = ProblemId{std::stoll(problems["items"][0]["id"].get<std::string>())};
        repair.kind = "reprocess";
        repair.items = {{MessageId{2}, 1}};
        store::queue_repair(desk, store::by_command("test"), repair);
    });
    committer_.drain();
    const auto first_look = [&](const security::Principal& who) {
        LiveStreams streams;
        Router router;
        add_traffic_routes(router, services_, streams);
        Request request;
        request.path = "/events";
        request.who = who;
        request.at = clock_.now();
        Listening listening(router.serve(std::move(request)), streams);
        EXPECT_TRUE(listening.hears("event: engine\n")) << "the last of a look";
        return listening.all();
    };
    EXPECT_NE(first_look(person(Role::data_manager)).find("event: job"), std::string::npos);
    EXPECT_EQ(
        first_look(person(Role::data_manager, "OTHER", std::string(kStudy))).find("event: job"),
        std::string::npos)
        << "not of their site";
    clock_.set(Instant{clock_.now().microseconds + 3'600'000'000});
    EXPECT_EQ(first_look(person(Role::data_manager)).find("event: job"), std::string::npos)
        << "it is no news any more";
}

TEST_F(ConsoleRead, AMessageIsComparedWithTheOneBeforeItOfTheSameOrder) {
    const auto resent = [](std::string_view control_id, std::string text) {
        const std::size_t at = text.find("P|2.5.1");
        text.replace(at - 3, 2, control_id);
        return text;
    };
    const auto difference = [&](const security::Principal& who, std::int64_t number) {
        return asked(who, "/messages/" + id(number) + "/diff/previous");
    };
    const auto fields_of = [](const json& diff, std::string_view code) {
        for (const json& segment : diff["segments"]) {
            if (segment["id"] == "OBX" &&
                segment["right"].get<std::string>().find(code) != std::string::npos) {
                return segment["fields"];
            }
        }
        return json();
    };
    submit(resent("C4", message("C1", kMrn, "202605250810",
                                "OBX|1|NM|25836-8^HIV-1 RNA^LN||73732|copies/mL|||||C\r"
                                "OBX|2|NM|24467-3^CD4 Count^LN||331|cells/uL|||||C\r")));
    submit(resent("C5", message("C3", kUnknownMrn, "202605260810",
                                "OBX|1|NM|24467-3^CD4 Count^LN||321|cells/uL|||||C\r")));
    const security::Principal manager = person(Role::data_manager);
    const json corrected = difference(manager, 4);
    EXPECT_EQ(corrected["other"]["control_id"], "C1");
    EXPECT_EQ(fields_of(corrected, "24467-3"), (json{5, 11}));
    EXPECT_EQ(fields_of(corrected, "25836-8"), (json{5, 11}));
    // Of a patient whom nobody knows there is no result to go by.
    EXPECT_EQ(difference(manager, 5)["other"]["control_id"], "C3");
    EXPECT_TRUE(difference(manager, 1)["other"].is_null());
    // Whoever is blinded does not learn that a closed result changed, nor into which other one.
    submit(resent("C6", message("C1", kMrn, "202605250810",
                                "OBX|1|NM|29541-0^HIV-1 RNA log^LN||4.87|log10 copies/mL|||||F\r"
                                "OBX|2|NM|24467-3^CD4 Count^LN||332|cells/uL|||||C\r")));
    for (const auto& [number, open] :
         {std::pair(std::int64_t{4}, json{5, 11}), std::pair(std::int64_t{6}, json{5})}) {
        const json blinded = difference(person(Role::viewer), number);
        EXPECT_EQ(blinded["other"]["control_id"], number == 4 ? "C1" : "C4");
        EXPECT_EQ(fields_of(blinded, "24467-3"), open);
        std::vector<json> results;
        for (const json& segment : blinded["segments"]) {
            if (segment["id"] == "OBX") {
                results.push_back(segment);
            }
        }
        ASSERT_EQ(results.size(), 2U) << blinded;
        EXPECT_EQ(results[0]["kind"], "same");
        EXPECT_EQ(results[0]["fields"], json::array());
        EXPECT_EQ(results[0]["left"], "OBX|1|•••");
        EXPECT_EQ(results[0]["right"], "OBX|1|•••");
        EXPECT_EQ(results[0].dump().find("HIV"), std::string::npos) << results[0];
    }
    const json another = difference(manager, 6);
    EXPECT_TRUE(std::ranges::any_of(another["segments"], [](const json& segment) {
        return segment["id"] == "OBX" && segment["kind"] == "added";
    })) << another;
}

TEST_F(ConsoleRead, MoreStreamsThanThereMayBeAreAskedToComeBack) {
    std::vector<std::unique_ptr<LiveStreams::Stream>> open;
    for (int number = 0; number < LiveStreams::kMost; ++number) {
        open.push_back(std::make_unique<LiveStreams::Stream>(streams_));
        EXPECT_TRUE(open.back()->admitted());
    }
    const Response refused = ask(person(Role::viewer), "/events");
    std::ostringstream said;
    refused.stream(said);
    EXPECT_EQ(said.str(), "retry: 15000\n\n");
    open.clear();
    streams_.stop();
    std::ostringstream ended;
    ask(person(Role::viewer), "/events").stream(ended);
    EXPECT_EQ(ended.str(), "retry: 15000\n\n");
}

}  // namespace
}  // namespace labrelay::api
