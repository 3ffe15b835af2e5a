#include "../../../src/transport/proxy_header.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace labrelay::transport {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;

std::string v2(std::string_view command_family_length, std::string_view rest) {
    return std::string(kSignature) + std::string(command_family_length) + std::string(rest);
}

TEST(ProxyHeader, NamesTheSource) {
    struct Row {
        std::string header;
        std::optional<std::string> source;
    };
    const std::string v4 =
        v2("\x21\x11\x00\x0c"sv, "\x0a\x01\x02\x03\x7f\x00\x00\x01\x9c\x40\x0a\x0f"sv);
    const std::string v6 = v2(
        "\x21\x21\x00\x24"sv,
        "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x9c\x40\x0a\x0f"sv);
    const std::string with_additions = v2(
        "\x21\x11\x00\x10"sv, "\x0a\x01\x02\x03\x7f\x00\x00\x01\x9c\x40\x0a\x0f\x04\x00\x01\x00"sv);
    for (const Row& row :
         {Row{v4, "10.1.2.3:40000"}, Row{v6, "[2001:db8::7]:40000"},
          Row{with_additions, "10.1.2.3:40000"}, Row{v2("\x20\x00\x00\x00"sv, ""), std::nullopt}}) {
        const auto header = parse_proxy_v2(row.header);
        ASSERT_TRUE(header);
        EXPECT_EQ(header->source, row.source);
    }
    for (const Row& row : {Row{"PROXY TCP4 10.1.2.3 127.0.0.1 40000 2575", "10.1.2.3:40000"},
                           Row{"PROXY TCP6 2001:db8::7 ::1 40000 2575", "[2001:db8::7]:40000"},
                           Row{"PROXY UNKNOWN", std::nullopt}}) {
        const auto header = parse_proxy_v1(row.header);
        ASSERT_TRUE(header);
        EXPECT_EQ(header->source, row.source);
    }
}

TEST(ProxyHeader, WhatIsNoneIsRefused) {
    for (const std::string& header :
         {std::string("MSH|^~\\&|"), v2("\x21\x11\x00\x0d"sv, "\x0a\x01\x02\x03"sv),
          v2("\x21\x11\x00\x04"sv, "\x0a\x01\x02\x03"sv), v2("\x35\x11\x00\x00"sv, "")}) {
        const auto parsed = parse_proxy_v2(header);
        ASSERT_FALSE(parsed);
        EXPECT_EQ(parsed.error().code, Code::connection_failed);
    }
    for (const char* line : {"PROXY TCP4 10.1.2 127.0.0.1 40000 2575", "PROXY TCP4 10.1.2.3",
                             "PROXY TCP4 10.1.2.3 127.0.0.1 66000 2575", "GET / HTTP/1.1", ""})
        EXPECT_FALSE(parse_proxy_v1(line)) << line;
}

TEST(ProxyHeader, NotAByteMoreIsRead) {
    for (const std::string& header :
         {v2("\x21\x11\x00\x0c"sv, "\x0a\x01\x02\x03\x7f\x00\x00\x01\x9c\x40\x0a\x0f"sv),
          std::string("PROXY TCP4 10.1.2.3 127.0.0.1 40000 2575\r\n")}) {
        std::array<int, 2> ends{};
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        const std::string sent = header + "\x0bMSH";
        ASSERT_EQ(::write(ends[0], sent.data(), sent.size()), static_cast<ssize_t>(sent.size()));
        const auto read = read_proxy_header(
            ends[1], -1, std::chrono::steady_clock::now() + std::chrono::seconds(5));
        ASSERT_TRUE(read);
        ASSERT_TRUE(*read);
        EXPECT_EQ((*read)->source, "10.1.2.3:40000");
        std::array<char, 16> rest{};
        EXPECT_EQ(::read(ends[1], rest.data(), rest.size()), 4);
        ::close(ends[0]);
        ::close(ends[1]);
    }
}

TEST(ProxyHeader, APortThatIsOnlyCheckedIsNoFault) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    ::close(ends[0]);
    const auto read =
        read_proxy_header(ends[1], -1, std::chrono::steady_clock::now() + std::chrono::seconds(5));
    ASSERT_TRUE(read);
    EXPECT_FALSE(*read);
    ::close(ends[1]);
}

}  // namespace
}  // namespace labrelay::transport
