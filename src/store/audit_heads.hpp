#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit_chain.hpp"
#include "labrelay/store/audit_verify.hpp"

namespace labrelay::store {

/// The last row of a chain at some moment, as an anchor names it: `<node>.<life>:<row>:<hash>`.
struct AuditHead {
    AuditChainName chain;
    std::int64_t row = 0;
    AuditHash hash{};
};
std::string heads_text(const std::vector<AuditHead>& heads);
/// Empty where the text is broken.
std::vector<AuditHead> heads_from(std::string_view text);

AuditHash anchor_digest(const AuditHash& before, std::int64_t at_us, std::string_view heads);

AuditHash hash_from(std::string_view bytes);

}  // namespace labrelay::store
