#include "proxy_header.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <span>
#include <vector>

namespace labrelay::transport {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t kLongestLine = 107;
constexpr std::size_t kLongestRest = 4096;  // addresses and the additions of a proxy

unsigned byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

unsigned number_at(std::string_view bytes, std::size_t at) {
    return byte_at(bytes, at) << 8U | byte_at(bytes, at + 1);
}

auto bad(std::string_view what) {
    return fail(Code::connection_failed, {}, fmt::format("PROXY header: {}", what));
}

std::string printed(int family, std::string_view address, unsigned port) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(family, address.data(), text.data(), text.size());
    return family == AF_INET6 ? fmt::format("[{}]:{}", text.data(), port)
                              : fmt::format("{}:{}", text.data(), port);
}

bool is_address(int family, const std::string& text) {
    std::array<unsigned char, 16> bytes{};
    return ::inet_pton(family, text.c_str(), bytes.data()) == 1;
}

/// False: the deadline, the stop signal or the end of the stream came first.
bool read_exactly(int socket, int stop_signal, SteadyTime deadline, std::size_t size,
                  std::string& into) {
    std::vector<char> buffer(size);
    while (size > 0) {
        if (wait_readable(socket, stop_signal, deadline) != SocketEvent::ready) return false;
        const ReadOutcome read = read_available(socket, std::span(buffer).first(size));
        if (read.event == SocketEvent::timed_out) continue;
        if (read.event != SocketEvent::ready) return false;
        into.append(buffer.data(), read.size);
        size -= read.size;
    }
    return true;
}

}  // namespace

bool is_proxy_v2(std::string_view signature) {
    return signature == kSignature;
}

std::size_t proxy_v2_rest(std::string_view fixed_part) {
    return number_at(fixed_part, 14);
}

Result<ProxyHeader> parse_proxy_v2(std::string_view header) {
    constexpr unsigned kLocal = 0x20;
    constexpr unsigned kProxied = 0x21;
    constexpr unsigned kTcp4 = 0x11;
    constexpr unsigned kTcp6 = 0x21;
    if (header.size() < kProxyFixedPart || !is_proxy_v2(header.substr(0, kProxySignature)))
        return bad("no signature of version 2");
    const std::string_view rest = header.substr(kProxyFixedPart);
    if (rest.size() != proxy_v2_rest(header)) return bad("its length is wrong");
    const unsigned command = byte_at(header, 12);
    if (command == kLocal) return ProxyHeader{};
    if (command != kProxied) return bad("neither LOCAL nor PROXY");
    switch (byte_at(header, 13)) {
        case kTcp4:
            if (rest.size() < 12) return bad("the addresses are cut");
            return ProxyHeader{printed(AF_INET, rest, number_at(rest, 8))};
        case kTcp6:
            if (rest.size() < 36) return bad("the addresses are cut");
            return ProxyHeader{printed(AF_INET6, rest, number_at(rest, 32))};
        default:
            return ProxyHeader{};
    }
}

Result<ProxyHeader> parse_proxy_v1(std::string_view line) {
    std::vector<std::string> words;
    while (true) {
        const std::size_t blank = line.find(' ');
        words.emplace_back(line.substr(0, blank));
        if (blank == std::string_view::npos) break;
        line.remove_prefix(blank + 1);
    }
    if (words.size() < 2 || words[0] != "PROXY") return bad("no PROXY line");
    if (words[1] == "UNKNOWN") return ProxyHeader{};
    const bool version_6 = words[1] == "TCP6";
    if (words.size() != 6 || (!version_6 && words[1] != "TCP4")) return bad("no TCP4 or TCP6");
    std::uint16_t port = 0;
    const char* const end = words[4].data() + words[4].size();
    const auto read = std::from_chars(words[4].data(), end, port);
    if (!is_address(version_6 ? AF_INET6 : AF_INET, words[2]) || read.ec != std::errc{} ||
        read.ptr != end)
        return bad("no address and port of the source");
    return ProxyHeader{version_6 ? fmt::format("[{}]:{}", words[2], port)
                                 : fmt::format("{}:{}", words[2], port)};
}

Result<std::optional<ProxyHeader>> read_proxy_header(int socket, int stop_signal,
                                                     SteadyTime deadline) {
    std::string bytes;
    const auto more = [&](std::size_t size) {
        return read_exactly(socket, stop_signal, deadline, size, bytes);
    };
    if (!more(kProxySignature)) {
        if (bytes.empty()) return std::optional<ProxyHeader>();
        return bad("it is cut");
    }
    if (is_proxy_v2(bytes)) {
        if (!more(kProxyFixedPart - kProxySignature)) return bad("it is cut");
        const std::size_t rest = proxy_v2_rest(bytes);
        if (rest > kLongestRest) return bad("it is too long");
        if (!more(rest)) return bad("it is cut");
        Result<ProxyHeader> header = parse_proxy_v2(bytes);
        if (!header) return tl::unexpected(header.error());
        return *header;
    }
    if (!bytes.starts_with("PROXY ")) return bad("there is none");
    while (!bytes.ends_with("\r\n")) {
        if (bytes.size() >= kLongestLine) return bad("the line is too long");
        if (!more(1)) return bad("it is cut");
    }
    Result<ProxyHeader> header =
        parse_proxy_v1(std::string_view(bytes).substr(0, bytes.size() - 2));
    if (!header) return tl::unexpected(header.error());
    return *header;
}

}  // namespace labrelay::transport
