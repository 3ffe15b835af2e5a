#pragma once

#include <Poco/Net/HTTPServer.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace labrelay::testing {

/// What the stub does with a posted document instead of answering it well.
enum class RaveFault : std::uint8_t {
    none,
    drop_early,        ///< the connection is dropped before anything is done
    commit_then_drop,  ///< does what was asked, then drops the connection
    page_with_500,     ///< an HTML page of IIS; nothing is done
    unavailable,       ///< 503 and plain text
    touches_nothing,   ///< says success, touched 0 fields, and did nothing
};

/// Rave's web services over one study in memory (shared/domain/study-targets.md 1.5): documents are
/// taken or refused as a whole, with each shape of answer; data sets are read by form. HTTP on a
/// free port of loopback. All calls from any thread.
class RaveStub {
public:
    /// subject, event, form, item
    using Where = std::tuple<std::string, std::string, std::string, std::string>;
    enum class Rights : std::uint8_t { all, not_authorised, banned };

    RaveStub();
    ~RaveStub();
    RaveStub(const RaveStub&) = delete;
    RaveStub& operator=(const RaveStub&) = delete;

    std::string url() const;
    static constexpr const char* kPassword = "labrelay:secret";

    void add_subject(const std::string& subject, bool exists = true);
    void add_event(const std::string& event, bool exists = true);
    void add_item(const std::string& item, bool exists = true);
    /// Values that a field's dictionary does not hold are refused.
    void refuse_value(const std::string& value, bool refuse = true);
    void lock(const std::string& subject, const std::string& event, const std::string& form,
              bool locked = true);
    void enter(const Where& where, const std::string& value);
    void set_rights(Rights rights);
    void fail(RaveFault fault, int times = 1);
    /// What each data set is answered with from now on; 0: as it is.
    void answer_reads(int status, const std::string& body = {});

    std::string value(const Where& where) const;
    /// Values that stand, of all items of this name.
    std::size_t count(const std::string& item) const;
    int posts() const;
    int reads() const;
    std::string last_document() const;

private:
    friend class RaveStubHandler;
    struct Answer {
        int status = 200;
        std::string body;
        std::string type = "text/xml";
        bool drop = false;
    };
    struct Row {
        std::string group;
        std::string group_repeat;
        std::string event_repeat;
        std::string value;
    };

    Answer answer(const std::string& method, const std::string& path, const std::string& password,
                  const std::string& body);
    Answer post(const std::string& body);
    Answer dataset(const std::string& path) const;
    static Answer refused(int status, const std::string& code, const std::string& words);
    std::string judge(const Where& where, const std::string& value) const;

    mutable std::mutex mutex_;
    std::set<std::string> subjects_;
    std::set<std::string> events_;
    std::set<std::string> items_;
    std::set<std::string> refused_values_;
    std::set<std::tuple<std::string, std::string, std::string>> locked_;
    std::map<Where, Row> data_;
    Rights rights_ = Rights::all;
    RaveFault fault_ = RaveFault::none;
    int fault_times_ = 0;
    Answer read_{0, {}, {}};
    int posts_ = 0;
    int reads_ = 0;
    std::string last_;
    std::unique_ptr<Poco::Net::HTTPServer> server_;
};

}  // namespace labrelay::testing
