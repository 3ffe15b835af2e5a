#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "labrelay/store/audit_query.hpp"
#include "labrelay/store/audit_verify.hpp"

namespace labrelay::views {

// The audit trail for programs and for readers. Pure.

nlohmann::ordered_json json_of(const store::AuditRow& row);
nlohmann::ordered_json json_of(const store::AuditReview& review);
nlohmann::ordered_json json_of(const store::AuditVerification& verification);
/// The same in sentences, for a terminal.
std::string text_of(const store::AuditVerification& verification);

/// Comma-separated with a header line, UTF-8; a cell that a spreadsheet would calculate is made
/// text.
std::string audit_csv_head();
std::string audit_csv_line(const store::AuditRow& row);

/// A page that is read without labrelay: no codes, no scripts, one table. `period` and `about` say
/// what it holds and who took it.
std::string audit_html_head(const std::string& period, const std::string& about);
std::string audit_html_row(const store::AuditRow& row);
std::string audit_html_tail(std::int64_t rows);

/// `state: open -> in review; assignee: 3 -> 4`: what differs between two JSON objects, in words.
std::string change_in_words(const std::string& before, const std::string& after);

}  // namespace labrelay::views
