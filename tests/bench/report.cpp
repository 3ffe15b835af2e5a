#include "report.hpp"

#include <unistd.h>

#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace labrelay::bench {
namespace {

std::string number(double value) {
    if (value >= 100) {
        return fmt::format("{:.0f}", value);
    }
    return value >= 10 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

std::string against_aim(const Figure& figure) {
    if (!figure.aim) {
        return "";
    }
    return fmt::format("aim {} ({:.0f} %)", number(*figure.aim), 100 * figure.value / *figure.aim);
}

}  // namespace

std::string Report::table() const {
    std::string text;
    for (const Part& part : parts_) {
        text += fmt::format("{}{}\n", text.empty() ? "" : "\n", part.title);
        for (const Figure& figure : part.figures) {
            std::string line = fmt::format("  {:<44} {:>9} {:<13} {}", figure.name,
                                           number(figure.value), figure.unit, against_aim(figure));
            line.erase(line.find_last_not_of(' ') + 1);
            text += line + "\n";
        }
    }
    return text;
}

std::string Report::json() const {
    nlohmann::ordered_json parts = nlohmann::ordered_json::array();
    for (const Part& part : parts_) {
        nlohmann::ordered_json figures = nlohmann::ordered_json::array();
        for (const Figure& figure : part.figures) {
            nlohmann::ordered_json row = {
                {"name", figure.name}, {"value", figure.value}, {"unit", figure.unit}};
            if (figure.aim) {
                row["aim"] = *figure.aim;
            }
            figures.push_back(std::move(row));
        }
        parts.push_back({{"part", part.title}, {"figures", std::move(figures)}});
    }
    return parts.dump(2) + "\n";
}

double resident_mib() {
    std::ifstream statm("/proc/self/statm");
    double total = 0;
    double resident = 0;
    statm >> total >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

}  // namespace labrelay::bench
