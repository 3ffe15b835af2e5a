#pragma once

#include <optional>
#include <string>
#include <vector>

namespace labrelay::bench {

/// One number of a run: `paused.8.p99`.
struct Figure {
    std::string name;
    double value = 0;
    std::string unit;
    std::optional<double> aim;  ///< what the product page asks for; larger is better
};

/// What one run prints: figures by part, in the order in which they were measured.
class Report {
public:
    void begin(std::string part) { parts_.push_back({std::move(part), {}}); }
    void add(Figure figure) { parts_.back().figures.push_back(std::move(figure)); }

    std::string table() const;
    std::string json() const;

private:
    struct Part {
        std::string title;
        std::vector<Figure> figures;
    };
    std::vector<Part> parts_;
};

/// Resident memory of this process now.
double resident_mib();

}  // namespace labrelay::bench
