#include "unit_figures.hpp"

#include <time.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/units/quantity.hpp"

namespace labrelay::bench {
namespace {

using namespace labrelay::units;
using Seconds = std::chrono::duration<double>;

constexpr Seconds kMeasured{0.5};
constexpr int kTurn = 64;

Seconds thread_time() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return Seconds(static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9);
}

/// How often `step(number)` succeeds in a second of processor time.
template <class Step>
double per_second(Step step) {
    std::size_t done = 0;
    const auto start = thread_time();
    Seconds taken{0};
    while (taken < kMeasured) {
        for (int i = 0; i < kTurn; ++i, ++done) {
            if (!step(done)) {
                throw std::runtime_error("a unit of the benchmark was not understood");
            }
        }
        taken = thread_time() - start;
    }
    return static_cast<double>(done) / taken.count();
}

constexpr std::array<std::string_view, 8> kUnits{"mg/dL",       "10*9/L",           "umol/L",
                                                 "{copies}/mL", "mL/min/{1.73_m2}", "m[IU]/mL",
                                                 "%",           "mmol/(8.h.kg)"};

struct Spelling {
    const char* name;
    std::string_view spelling;
};
constexpr std::array kSpellings{
    Spelling{"listed", "mg/dL"},
    Spelling{"folded", "\xC2\xB5MOL/L"},
    Spelling{"ucum", "nmol/mL"},
};

std::vector<Decimal> values() {
    std::vector<Decimal> values;
    for (std::int64_t number = 1; number <= 1024; ++number) {
        values.emplace_back(number * 7919 % 99'991 + 1, static_cast<std::int32_t>(number % 5));
    }
    return values;
}

/// From 0.01 to 14: what a pH may be.
std::vector<Decimal> acidities() {
    std::vector<Decimal> values;
    for (std::int64_t number = 1; number <= 1024; ++number) {
        values.emplace_back(number * 7919 % 1400 + 1, 2);
    }
    return values;
}

void measure_conversion(Report& report, const std::string& name, const Conversion& conversion,
                        const std::vector<Decimal>& values) {
    report.add(
        {"units.convert." + name,
         per_second([&](std::size_t number) {
             return conversion(values[number % values.size()], WholeNumber::measured).has_value();
         }),
         "values/s",
         {}});
}

Conversion between(std::string_view from, std::string_view to) {
    return Conversion::between(parse_ucum(from).value(), parse_ucum(to).value()).value();
}

}  // namespace

void measure_units(Report& report, const mapping::Configuration& configuration) {
    report.begin("Units (per second of processor time)");
    report.add({"units.parse",
                per_second([](std::size_t number) {
                    return parse_ucum(kUnits[number % kUnits.size()]).has_value();
                }),
                "units/s",
                {}});
    const std::vector<Decimal> many = values();
    measure_conversion(report, "power_of_ten", between("mmol/L", "umol/L"), many);
    measure_conversion(report, "decimal", between("[in_i]", "cm"), many);
    measure_conversion(report, "fraction", between("umol/h/L", "U/L"), many);
    measure_conversion(report, "temperature", between("[degF]", "Cel"), many);
    measure_conversion(report, "logarithm", between("[pH]", "nmol/L"), acidities());
    const study::Analyte* const creatinine = configuration.rules().analyte("CREA");
    if (creatinine == nullptr) {
        throw std::runtime_error("the configuration has no CREA");
    }
    for (const Spelling& row : kSpellings) {
        report.add({std::string("units.find.") + row.name,
                    per_second([&](std::size_t) {
                        return creatinine->units.find(row.spelling).has_value();
                    }),
                    "spellings/s",
                    {}});
    }
}

}  // namespace labrelay::bench
