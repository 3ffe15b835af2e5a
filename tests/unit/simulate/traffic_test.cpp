#include "labrelay/simulate/traffic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace labrelay::simulate {
namespace {

std::size_t count_of(const std::string& text, const std::string& what) {
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
        ++count;
    }
    return count;
}

class TrafficOf : public testing::TestWithParam<TrafficSource> {};

TEST_P(TrafficOf, EveryMessageIsUniqueAndTheSameEveryTime) {
    const Traffic traffic(GetParam());
    const Traffic again(GetParam());
    std::set<std::string> messages;
    for (std::uint64_t k = 0; k < 5000; ++k) {
        const std::string message = traffic.message(k);
        EXPECT_EQ(message, again.message(k));
        EXPECT_NE(message.find('|' + traffic.control_id(k) + '|'), std::string::npos);
        EXPECT_TRUE(messages.insert(message).second) << k;
    }
}

TEST_P(TrafficOf, AMessageCarriesTenObservationsOfARegisteredSubject) {
    const Traffic traffic(GetParam(), 1, 7);
    const std::string registered = traffic.subjects_csv();
    EXPECT_EQ(count_of(registered, "\n"), 8U);
    for (std::uint64_t k = 0; k < 20; ++k) {
        const std::string message = traffic.message(k);
        EXPECT_EQ(count_of(message, "\rOBX|"), 10U);
        const std::size_t pid = message.find("\rPID|1||") + 8;
        EXPECT_NE(registered.find("QILU-MRN:" + message.substr(pid, 8)), std::string::npos);
        EXPECT_EQ(message.back(), '\r');
    }
}

INSTANTIATE_TEST_SUITE_P(Sources, TrafficOf,
                         testing::Values(TrafficSource::facs_lyric, TrafficSource::lis_qilu_gb18030,
                                         TrafficSource::lis_qilu_utf8));

TEST(Traffic, TheLisWritesTheCharacterSetItNames) {
    const std::string utf8 = Traffic(TrafficSource::lis_qilu_utf8).message(0);
    const std::string gb = Traffic(TrafficSource::lis_qilu_gb18030).message(0);
    EXPECT_NE(utf8.find("|UNICODE UTF-8\r"), std::string::npos);
    EXPECT_NE(gb.find("|GB 18030-2000\r"), std::string::npos);
    EXPECT_NE(utf8.find("男"), std::string::npos);
    EXPECT_NE(gb.find("\xC4\xD0"), std::string::npos);
}

}  // namespace
}  // namespace labrelay::simulate
