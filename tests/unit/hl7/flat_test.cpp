#include "labrelay/hl7/flat.hpp"

#include <gtest/gtest.h>

#include "hl7_text.hpp"

namespace labrelay::hl7 {
namespace {

TEST(Flat, WritesALineForEveryLeafThatIsNotEmpty) {
    const Message message = parsed({"MSH|^~\\&|APP^1.2||R", "PID|1||A^^^B&C~D||\"\"",
                                    "OBX|1|ST|X||a\\F\\b\\.br\\c\\E\\", "OBX|2||||5", "ZZZ"});
    EXPECT_EQ(flatten(message),
              "MSH-1[1].1.1\t|\n"
              "MSH-2[1].1.1\t^~\\x5C&\n"
              "MSH-3[1].1.1\tAPP\n"
              "MSH-3[1].2.1\t1.2\n"
              "MSH-5[1].1.1\tR\n"
              "PID-1[1].1.1\t1\n"
              "PID-3[1].1.1\tA\n"
              "PID-3[1].4.1\tB\n"
              "PID-3[1].4.2\tC\n"
              "PID-3[2].1.1\tD\n"
              "PID-5[1].1.1\t\"\"\n"
              "OBX-1[1].1.1\t1\n"
              "OBX-2[1].1.1\tST\n"
              "OBX-3[1].1.1\tX\n"
              "OBX-5[1].1.1\ta|b\\x0Ac\\x5C\n"
              "OBX[2]-1[1].1.1\t2\n"
              "OBX[2]-5[1].1.1\t5\n");
}

TEST(Flat, KeepsCharactersAndShowsControls) {
    const Message message = parsed("MSH|^~\\&|\xe4\xb8\xad\t\x7f\r");
    EXPECT_NE(flatten(message).find("MSH-3[1].1.1\t\xe4\xb8\xad\\x09\\x7F\n"), std::string::npos);
}

TEST(Flat, TreeNumbersOnlyWhatIsRepeated) {
    const Message message = parsed({"MSH|^~\\&|A", "PID|1||A^^^B&C~D"});
    EXPECT_EQ(tree(message),
              "MSH       segment 1\n"
              "  1         |\n"
              "  2         ^~\\x5C&\n"
              "  3         A\n"
              "PID       segment 2\n"
              "  1         1\n"
              "  3[1].1    A\n"
              "  3[1].4.1  B\n"
              "  3[1].4.2  C\n"
              "  3[2]      D\n");
}

}  // namespace
}  // namespace labrelay::hl7
