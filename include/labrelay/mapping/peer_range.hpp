#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace labrelay::mapping {

/// Addresses that a peer may have: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`. An IPv4 address
/// that is mapped into IPv6 is that IPv4 address. A value; no name is ever looked up.
class PeerRange {
public:
    /// Nothing where the text is no address, or bits are set behind the prefix.
    static std::optional<PeerRange> parse(std::string_view text);

    /// `peer` as the transport names it: an address, with or without `:port`; `[…]:port` for IPv6.
    /// What is no address (a file's name) is in no range.
    bool contains(std::string_view peer) const;
    bool overlaps(const PeerRange& other) const;

    friend bool operator==(const PeerRange&, const PeerRange&) = default;

private:
    using Address = std::array<std::uint8_t, 16>;
    static std::optional<Address> address_of(std::string_view text);
    static bool agree(const Address& left, const Address& right, unsigned bits);

    Address network_{};
    unsigned bits_ = 0;
};

}  // namespace labrelay::mapping
