#include "labrelay/hl7/header.hpp"

#include <gtest/gtest.h>

#include "hl7_text.hpp"

namespace labrelay::hl7 {
namespace {

TEST(Header, ReadsItsFieldsDecoded) {
    const Message message = parsed(
        "MSH|^~\\&|A\\T\\B^1.2^ISO|FAC|REC|RFAC|20260301080000+0800||ORU^R01^ORU_R01| C 1\\F\\ "
        "|T^I|"
        "2.5^USA|42||AL|NE||UNICODE UTF-8~ASCII|||LAB-29^IHE\r");
    const Header header = read_header(message);
    EXPECT_EQ(header.sending_application, "A&B");
    EXPECT_EQ(header.sending_facility, "FAC");
    EXPECT_EQ(header.receiving_application, "REC");
    EXPECT_EQ(header.receiving_facility, "RFAC");
    EXPECT_EQ(header.time, "20260301080000+0800");
    EXPECT_EQ(header.message_code, "ORU");
    EXPECT_EQ(header.trigger_event, "R01");
    EXPECT_EQ(header.structure, "ORU_R01");
    EXPECT_EQ(header.control_id, " C 1\\F\\ ");  // exact bytes
    EXPECT_EQ(header.processing_id, "T");
    EXPECT_EQ(header.version, "2.5");
    EXPECT_EQ(header.sequence_number, "42");
    EXPECT_EQ(header.accept_ack, "AL");
    EXPECT_EQ(header.application_ack, "NE");
    EXPECT_EQ(header.charset, "UNICODE UTF-8");
    EXPECT_EQ(header.profile, "LAB-29");
}

TEST(Header, OfUnreadableBytesGivesWhatIsThere) {
    // Delimiter twice in MSH-2 and a byte of no character set.
    const Header header = read_header_of_unreadable(
        "\xef\xbb\xbfMSH|^^\\&|APP^x|F\xff|REC|RF|t||ORU^R01|ID 7|P|2.3|\rPID|1\r");
    EXPECT_EQ(header.sending_application, "APP");
    EXPECT_EQ(header.sending_facility, "F\xff");
    EXPECT_EQ(header.message_code, "ORU");
    EXPECT_EQ(header.control_id, "ID 7");
    EXPECT_EQ(header.version, "2.3");
    EXPECT_EQ(read_header_of_unreadable("").control_id, "");
    EXPECT_EQ(read_header_of_unreadable("MSH").control_id, "");
    EXPECT_EQ(read_header_of_unreadable("GET / HTTP/1.1\r\n").control_id, "");
}

/// A header of so many bytes, up to its CR.
std::string header_of_size(std::size_t size) {
    const std::string start = "MSH|^~\\&|APP|FAC|REC|RF|t||ORU^R01|ID 7|P|2.3|||||||";
    return start + std::string(size - start.size(), 'x');
}

TEST(Header, P09_MustFitFourKibibytes) {
    const std::string mark = "\xef\xbb\xbf";
    for (const char* end : {"\r", "\n", "\r\n"}) {
        EXPECT_FALSE(header_too_long(header_of_size(4096) + end + "PID|1\r"));
        EXPECT_FALSE(header_too_long(mark + header_of_size(4096) + end));
        EXPECT_TRUE(header_too_long(header_of_size(4097) + end + "PID|1\r"));
        EXPECT_TRUE(header_too_long(mark + header_of_size(4097) + end));
    }
    EXPECT_FALSE(header_too_long(header_of_size(4096)));  // without any segment end
    EXPECT_TRUE(header_too_long(header_of_size(4097)));
    // What begins with no MSH is another fault.
    EXPECT_FALSE(header_too_long("PID|" + std::string(9000, 'x')));
    EXPECT_FALSE(header_too_long(""));
}

TEST(Header, P09_OfALongOneTheFieldsThatAreWholeAreRead) {
    const Header header = read_header_of_unreadable(header_of_size(9000));
    EXPECT_EQ(header.sending_application, "APP");
    EXPECT_EQ(header.control_id, "ID 7");
    EXPECT_EQ(header.version, "2.3");
    // A control id that is cut at 4 KiB is nobody's control id.
    const std::string cut = "MSH|^~\\&|APP|FAC|REC|RF|t||ORU^R01|" + std::string(9000, '7');
    EXPECT_EQ(read_header_of_unreadable(cut).control_id, "");
    EXPECT_EQ(read_header_of_unreadable(cut).message_code, "ORU");
    EXPECT_EQ(read_header_of_unreadable("MSH" + std::string(9000, 'x')).sending_application, "");
}

struct VersionRow {
    std::string_view text;
    int number;
};

constexpr VersionRow kVersionRows[] = {
    {"2.1", 210},   {"2.2", 220},   {"2.3", 230},     {"2.3.1", 231}, {"2.4", 240},
    {"2.5", 250},   {"2.5.1", 251}, {"2.5.1.0", 251}, {"2.5.0", 250}, {"2.6", 260},
    {"2.7.1", 271}, {"2.8.2", 282}, {"2.9", 290},     {"2.9.1", 291}, {" 2.4 ", 240},
    {"V2.4", 240},  {"", 0},        {"2", 0},         {"2.10", 0},    {"3.0", 0},
    {"2.5.7", 0},   {"x", 0},       {".0", 0},
};

TEST(Header, VersionsCompareAsNumbers) {
    for (const VersionRow& row : kVersionRows) {
        EXPECT_EQ(version_number(row.text), row.number) << row.text;
    }
}

}  // namespace
}  // namespace labrelay::hl7
