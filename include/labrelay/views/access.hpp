#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "labrelay/store/access_review.hpp"
#include "labrelay/store/account.hpp"
#include "labrelay/store/audit_query.hpp"

namespace labrelay::views {

/// What somebody signs for who has looked through the accounts: each with its state and the roles
/// that it has now, with training. What changes by itself, such as the last sign-in, is not in it.
nlohmann::json access_to_review(const std::vector<store::Account>& accounts);

nlohmann::ordered_json access_review_json(const store::AccessReview& review);

/// Who saw identity in a period, how often, of what and why.
class RevealCount {
public:
    /// A row of the audit trail of kind `identity`.
    void add(const store::AuditRow& row);
    nlohmann::ordered_json json() const;
    std::int64_t total() const { return total_; }
    /// One line or row a person.
    std::string csv() const;
    std::string html() const;

private:
    struct Person {
        std::int64_t count = 0;
        std::int64_t subjects = 0;
        std::int64_t messages = 0;
        std::string first;
        std::string last;
        std::map<std::string, std::int64_t> reasons;
    };
    std::map<std::string, Person> people_;
    std::int64_t total_ = 0;
};

// The same as a file, in pieces: a row each time, then a row a person.
std::string reveal_csv_head();
std::string reveal_csv_line(const store::AuditRow& row);
std::string reveal_html_head(const std::string& month, const std::string& about);
std::string reveal_html_row(const store::AuditRow& row);

}  // namespace labrelay::views
