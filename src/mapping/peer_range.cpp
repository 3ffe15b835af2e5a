#include "labrelay/mapping/peer_range.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace labrelay::mapping {
namespace {

constexpr unsigned kAllBits = 128;
constexpr unsigned kMappedBits = 96;  // ::ffff:0:0/96 holds the IPv4 addresses

/// The address of `1.2.3.4:5`, `[::1]:5`, `1.2.3.4`, `::1`.
std::string_view without_port(std::string_view peer) {
    if (peer.starts_with('[')) {
        return peer.substr(1, peer.find(']') - 1);
    }
    const std::size_t colon = peer.find(':');
    const bool one_colon = colon != peer.npos && peer.find(':', colon + 1) == peer.npos;
    return one_colon ? peer.substr(0, colon) : peer;
}

}  // namespace

std::optional<PeerRange::Address> PeerRange::address_of(std::string_view text) {
    const std::string written(text.substr(0, text.find('%')));  // without an interface's name
    Address address{};
    if (::inet_pton(AF_INET6, written.c_str(), address.data()) == 1) {
        return address;
    }
    if (::inet_pton(AF_INET, written.c_str(), address.data() + 12) == 1) {
        address[10] = address[11] = 0xff;
        return address;
    }
    return std::nullopt;
}

bool PeerRange::agree(const Address& left, const Address& right, unsigned bits) {
    const auto whole = static_cast<std::ptrdiff_t>(bits / 8);
    if (!std::equal(left.begin(), left.begin() + whole, right.begin())) {
        return false;
    }
    const unsigned rest = bits % 8;
    if (rest == 0) {
        return true;
    }
    const auto at = static_cast<std::size_t>(whole);
    const auto difference = static_cast<unsigned>(left[at] ^ right[at]);
    return (difference >> (8 - rest)) == 0;
}

std::optional<PeerRange> PeerRange::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = address_of(text.substr(0, slash));
    if (!address || text.find('%') != text.npos) {
        return std::nullopt;
    }
    PeerRange range;
    range.network_ = *address;
    range.bits_ = kAllBits;
    if (slash != text.npos) {
        const bool v4 = text.substr(0, slash).find(':') == text.npos;
        const std::string_view written = text.substr(slash + 1);
        unsigned bits = 0;
        const auto [end, error] =
            std::from_chars(written.data(), written.data() + written.size(), bits);
        if (error != std::errc() || end != written.data() + written.size() ||
            bits > (v4 ? kAllBits - kMappedBits : kAllBits)) {
            return std::nullopt;
        }
        range.bits_ = v4 ? bits + kMappedBits : bits;
    }
    for (unsigned bit = range.bits_; bit < kAllBits; ++bit) {
        const unsigned octet = range.network_[bit / 8];
        if (((octet >> (7 - bit % 8)) & 1U) != 0) {
            return std::nullopt;
        }
    }
    return range;
}

bool PeerRange::contains(std::string_view peer) const {
    const auto address = address_of(without_port(peer));
    return address && agree(*address, network_, bits_);
}

bool PeerRange::overlaps(const PeerRange& other) const {
    return agree(network_, other.network_, std::min(bits_, other.bits_));
}

}  // namespace labrelay::mapping
