// Random decimals against another arithmetic: integers without limit, brought to one scale.

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <random>
#include <string>

#include "labrelay/core/decimal.hpp"

namespace labrelay {
namespace {

using Big = boost::multiprecision::cpp_int;

constexpr int kRounds = 20'000;

std::string random_number(std::mt19937_64& random, int most_digits, int most_scale) {
    const auto pick = [&](int least, int most) {
        return std::uniform_int_distribution<int>(least, most)(random);
    };
    std::string text = pick(0, 1) == 0 ? "" : "-";
    const int digits = pick(1, most_digits);
    const int scale = std::min(pick(0, most_scale), digits - 1);
    for (int i = 0; i < digits; ++i) {
        if (i == digits - scale) {
            text += '.';
        }
        text += static_cast<char>('0' + pick(i == 0 && scale != digits - 1 ? 1 : 0, 9));
    }
    if (pick(0, 4) == 0) {
        text += "E" + std::to_string(pick(-20, 20));
    }
    return text;
}

Big ten_to(std::int64_t exponent) {
    return boost::multiprecision::pow(Big(10), static_cast<unsigned>(exponent));
}

constexpr std::int32_t kCommonScale = 160;

/// The number * 10^160: every number and product here is an integer then.
Big oracle(const Decimal& value) {
    std::string text = value.to_string();
    const auto point = text.find('.');
    std::int64_t fraction = 0;
    if (point != std::string::npos) {
        fraction = static_cast<std::int64_t>(text.size() - point - 1);
        text.erase(point, 1);
    }
    const bool negative = text.starts_with('-');
    text.erase(0, negative ? 1 : 0);
    text.erase(0,
               std::min(text.find_first_not_of('0'), text.size() - 1));  // a leading 0 means octal
    const Big digits = Big(text) * ten_to(kCommonScale - fraction);
    return negative ? Big(-digits) : digits;
}

bool fits(Big scaled, std::int64_t scale) {
    scaled = abs(scaled);
    return scaled / ten_to(kCommonScale - scale) < ten_to(Decimal::kMaxDigits);
}

class DecimalProperty : public ::testing::Test {
protected:
    Decimal next(int most_digits = 36) {
        for (;;) {
            last_text_ = random_number(random_, most_digits, 36);
            if (const auto value = Decimal::parse(last_text_)) {
                return *value;
            }
        }
    }
    std::mt19937_64 random_{20261122};
    std::string last_text_;
};

TEST_F(DecimalProperty, TextRoundTripKeepsValueAndDigits) {
    for (int round = 0; round < kRounds; ++round) {
        const Decimal value = next();
        const auto again = Decimal::parse(value.to_string());
        if (!again) {  // trailing zeros of an exponent can be more than 36 digits of plain text
            EXPECT_LT(value.scale(), 0) << last_text_;
            continue;
        }
        EXPECT_EQ(*again, value) << last_text_;
        EXPECT_EQ(again->to_string(), value.to_string()) << last_text_;
        if (value.scale() >= 0) {
            EXPECT_EQ(again->scale(), value.scale()) << last_text_;
            EXPECT_EQ(again->significant_digits(), value.significant_digits()) << last_text_;
        }
    }
}

TEST_F(DecimalProperty, SumsDifferencesAndProductsAreExactOrNothing) {
    for (int round = 0; round < kRounds; ++round) {
        const int most_digits = round % 2 == 0 ? 36 : 17;
        const Decimal left = next(most_digits);
        const Decimal right = next(most_digits);
        const std::string what = left.to_string() + " and " + right.to_string();
        const Big big_left = oracle(left);
        const Big big_right = oracle(right);
        const std::int64_t scale = std::max(left.scale(), right.scale());

        const auto sum = left.plus(right);
        EXPECT_EQ(sum.has_value(), fits(big_left + big_right, scale)) << what;
        if (sum) {
            EXPECT_EQ(oracle(*sum), big_left + big_right) << what;
            EXPECT_EQ(sum->minus(right).value_or(left), left) << what;
        }
        const auto difference = left.minus(right);
        EXPECT_EQ(difference.has_value(), fits(big_left - big_right, scale)) << what;
        if (difference) {
            EXPECT_EQ(oracle(*difference), big_left - big_right) << what;
        }
        const Big product = big_left * big_right / ten_to(kCommonScale);
        const auto times = left.times(right);
        EXPECT_EQ(times.has_value(), fits(product, std::int64_t{left.scale()} + right.scale()))
            << what;
        if (times) {
            EXPECT_EQ(oracle(*times), product) << what;
        }
    }
}

TEST_F(DecimalProperty, OrderIsTheOrderOfTheNumbers) {
    for (int round = 0; round < kRounds; ++round) {
        const Decimal left = next(round % 3 == 0 ? 2 : 36);
        const Decimal right = next(round % 3 == 0 ? 2 : 36);
        const int expected = oracle(left).compare(oracle(right));
        EXPECT_EQ(left < right, expected < 0) << left.to_string() << " and " << right.to_string();
        EXPECT_EQ(left == right, expected == 0) << left.to_string() << " and " << right.to_string();
        EXPECT_EQ(right<left, expected> 0) << left.to_string() << " and " << right.to_string();
    }
}

TEST_F(DecimalProperty, QuotientsAreTheNearestWithTheirDigits) {
    for (int round = 0; round < kRounds; ++round) {
        const Decimal left = next(20);
        const Decimal right = next(20);
        const int digits = 1 + round % 30;
        const auto quotient = left.divided_by(right, digits);
        if (!quotient || left.is_zero()) {
            continue;
        }
        EXPECT_EQ(quotient->significant_digits(), digits);
        // |quotient * right - left| <= right * half a unit of the quotient's last digit
        const Big unit = ten_to(kCommonScale - quotient->scale());
        const Big error = oracle(*quotient) * oracle(right) - oracle(left) * ten_to(kCommonScale);
        EXPECT_LE(abs(error) * 2, abs(oracle(right)) * unit)
            << left.to_string() << " / " << right.to_string() << " to " << digits;
    }
}

TEST_F(DecimalProperty, RoundingIsNearestAndStable) {
    for (int round = 0; round < kRounds; ++round) {
        const Decimal value = next();
        const int digits = 1 + round % 36;
        const Decimal rounded = value.rounded_to_significant(digits);
        EXPECT_LE(rounded.significant_digits(), std::max(digits, 1));
        EXPECT_EQ(rounded.rounded_to_significant(digits).to_string(), rounded.to_string());
        const Big unit = ten_to(kCommonScale - rounded.scale());
        EXPECT_LE(abs(oracle(rounded) - oracle(value)) * 2, unit) << value.to_string();

        const Decimal scaled = value.rounded_to_scale(round % 12);
        const Big scale_unit = ten_to(kCommonScale - round % 12);
        EXPECT_LE(abs(oracle(scaled) - oracle(value)) * 2, scale_unit) << value.to_string();
    }
}

}  // namespace
}  // namespace labrelay
