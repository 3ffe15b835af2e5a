#pragma once

#include <Poco/Net/HTTPServer.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace labrelay::testing {

/// What the stub does with a request instead of answering it well.
enum class RedcapFault : std::uint8_t {
    none,
    refuse_connection_early,  ///< the connection is dropped before anything is done
    slow,                     ///< does what was asked and answers nothing while the client waits
    unavailable,              ///< 503 and a page
    page_with_200,            ///< HTML where JSON was asked for; nothing is done
    truncated,                ///< does what was asked; the answer is cut short
    redirect,                 ///< 302
    commit_then_drop,         ///< does what was asked, then drops the connection
};

/// A REDCap server with one project in memory, as its API behaves towards a client
/// (shared/domain/study-targets.md 1.2): form decoding, tokens with rights, metadata of classic and
/// longitudinal projects, repeating instruments, validation, locks, designation, atomic imports,
/// overwrite semantics, the shapes of errors of new and of old servers. HTTP on a free port of
/// loopback. All calls from any thread.
class RedcapStub {
public:
    struct Field {
        std::string name;
        std::string form;
        std::string type = "text";
        std::string validation = {};
        std::string choices = {};  ///< `1, One | 2, Two`
    };
    enum class Rights : std::uint8_t { all, no_import, none };
    /// record, event, form, instance
    using Where = std::tuple<std::string, std::string, std::string, std::string>;

    RedcapStub();
    /// On a socket of the test's own: with a certificate the stub speaks https.
    explicit RedcapStub(const Poco::Net::ServerSocket& socket);
    ~RedcapStub();
    RedcapStub(const RedcapStub&) = delete;
    RedcapStub& operator=(const RedcapStub&) = delete;

    std::string url() const;
    static constexpr std::string_view kToken = "0123456789ABCDEF0123456789ABCDEF";

    // The project.
    void set_classic();
    void set_fields(std::vector<Field> fields);
    /// A field is renamed, or gets another type, in a project that is in use.
    void change_field(const std::string& name, Field changed);
    void set_events(std::vector<std::string> events);
    void designate(const std::string& event, const std::string& form, bool designated = true);
    void set_repeating(const std::string& event, const std::string& form, bool repeating = true);

    // What people do in it.
    void add_record(const std::string& record);
    void remove_record(const std::string& record);
    void enter(const Where& where, const std::string& field, const std::string& value);
    void lock(const Where& where, bool locked = true);
    void set_rights(Rights rights);
    void ban(bool banned = true);
    void speak_as_old_server();

    /// A field whose values are counted and not kept, as a hook of the project may do.
    void forget_field(const std::string& name);

    /// For the next `times` requests of this `content:action` (`record:import`), or of all (empty).
    void fail(RedcapFault fault, std::string what = "record:import", int times = 1);
    /// Lets those go that `slow` keeps waiting.
    void release();

    std::string value(const Where& where, const std::string& field) const;
    /// Instances of a repeating form that hold something, in order.
    std::vector<std::string> instances(const std::string& record, const std::string& event,
                                       const std::string& form) const;
    bool has_record(const std::string& record) const;
    struct Call {
        std::string what;  ///< `record:import`
        std::map<std::string, std::string> parameters;
    };
    std::vector<Call> calls() const;
    int count(std::string_view what) const;

private:
    friend class RedcapStubHandler;
    struct Answer {
        int status = 200;
        std::string body;
        std::string content_type = "application/json; charset=utf-8";
    };
    using Parameters = std::map<std::string, std::string>;

    RedcapFault take_fault(const std::string& what);
    void wait_for_release();
    Answer answer(const std::string& what, const Parameters& parameters);
    Answer metadata(const std::string& content) const;
    Answer export_records(const Parameters& parameters) const;
    Answer import_records(const Parameters& parameters);
    static Answer error(int status, const std::string& words);

    struct Cell {
        Where where;
        std::string field;
        std::string value;
    };
    std::optional<Answer> read_import(const Parameters& parameters, std::vector<Cell>& cells,
                                      std::set<std::string>& records) const;
    std::string judge(const Cell& cell) const;
    const Field* field(const std::string& name) const;

    mutable std::mutex mutex_;
    std::condition_variable released_;
    bool waiting_ends_ = false;
    bool longitudinal_ = true;
    bool old_ = false;
    bool banned_ = false;
    Rights rights_ = Rights::all;
    std::vector<Field> fields_;
    std::vector<std::string> events_;
    std::set<std::pair<std::string, std::string>> designated_;
    std::set<std::pair<std::string, std::string>> repeating_;
    std::set<std::string> records_;
    std::map<Where, std::map<std::string, std::string>> data_;
    std::set<Where> locked_;
    std::string forgotten_;
    RedcapFault fault_ = RedcapFault::none;
    std::string fault_of_;
    int fault_times_ = 0;
    std::vector<Call> calls_;
    std::unique_ptr<Poco::Net::HTTPServer> server_;
};

/// A project with an event a visit (`scr_arm_1` … `m12_arm_1`, `unscheduled_arm_1`), the repeating
/// instrument `lab_results` in each, and the instruments `safety` with one potassium value an event
/// and `liver` with one ALT; the records S-004 and S-005.
void build_laboratory_project(RedcapStub& stub);

}  // namespace labrelay::testing
