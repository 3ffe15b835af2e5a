#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/dry_run.hpp"
#include "labrelay/app/line_answers.hpp"
#include "labrelay/units/quantity.hpp"
#include "labrelay/units/ucum.hpp"

namespace labrelay::app {
namespace {

using units::Conversion;
using units::Unit;
using units::UnitRule;
using units::WholeNumber;

/// What was worked out for a text, kept for the next line that has it. Emptied when it is full, so
/// that an endless input of ever new texts needs no more memory than this.
template <class Value>
class Remembered {
public:
    static constexpr std::size_t kMost = 8192;

    template <class Make>
    const Value& get(const std::string& text, Make make) {
        if (const auto found = known_.find(text); found != known_.end()) {
            return found->second;
        }
        if (known_.size() == kMost) {
            known_.clear();
        }
        return known_.emplace(text, make()).first->second;
    }

private:
    std::unordered_map<std::string, Value> known_;
};

/// `unit-symbol-unknown at byte 0: The unit holds … "IU" is no unit of the table.`
std::string reason_of(const Error& error) {
    std::string reason(key(error.code));
    if (error.place.offset != Place::kNoOffset) {
        reason += fmt::format(" at byte {}", error.place.offset);
    }
    reason += fmt::format(": {}", entry(error.code).text);
    if (!error.detail.empty()) {
        reason += ' ' + error.detail;
    }
    return on_one_line(reason);
}

// --- validate
// ---------------------------------------------------------------------------------------

std::string verdict_of(std::string_view text) {
    const Result<Unit> unit = units::parse_ucum(text);
    return unit ? "valid" : "invalid\t" + reason_of(unit.error());
}

nlohmann::ordered_json json_of(const std::string& text) {
    const Result<Unit> unit = units::parse_ucum(text);
    nlohmann::ordered_json json = {{"unit", text}, {"valid", unit.has_value()}};
    if (unit) {
        json["canonical"] = unit->canonical();
        json["dimension"] = unit->dimension().text();
        json["name"] = units::display_name(text).value_or(std::string());
    } else {
        json["code"] = std::string(key(unit.error().code));
        json["at"] = unit.error().place.offset;
        json["reason"] = reason_of(unit.error());
    }
    return json;
}

struct ValidateOptions {
    std::vector<std::string> units;
    bool from_stdin = false;
    bool json = false;
};

ExitStatus validate(const ValidateOptions& options) {
    if (options.units.empty() != options.from_stdin) {
        std::cerr << "Name units, or give --stdin.\n";
        return ExitStatus::usage;
    }
    bool all_valid = true;
    Remembered<std::string> verdicts;
    const auto answer = [&](std::string_view line) -> std::string {
        const std::string text(line);
        const std::string& verdict = verdicts.get(text, [&] { return verdict_of(text); });
        all_valid = all_valid && verdict == "valid";
        return options.json
                   ? json_of(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                   : verdict;
    };
    if (options.from_stdin) {
        answer_lines(STDIN_FILENO, stdout, answer);
    } else {
        for (const std::string& text : options.units) {
            std::cout << answer(text) << "\n";
        }
    }
    return all_valid ? ExitStatus::fine : ExitStatus::not_fine;
}

// --- convert
// ----------------------------------------------------------------------------------------

/// Between two units of UCUM.
Result<Conversion> in_general(const std::string& from, const std::string& to) {
    const auto read = [](const std::string& text, std::string_view which) {
        Result<Unit> unit = units::parse_ucum(text);
        if (!unit) {
            unit.error().detail = fmt::format("({}) {}", which, unit.error().detail);
        }
        return unit;
    };
    const Result<Unit> source = read(from, "from");
    if (!source) {
        return tl::unexpected(source.error());
    }
    const Result<Unit> target = read(to, "to");
    if (!target) {
        return tl::unexpected(target.error());
    }
    return Conversion::between(*source, *target);
}

/// The factor to the analyte's own unit, by its list first, then by UCUM and its molar mass.
Result<units::Rational> factor_of(const std::string& spelling, const study::Analyte& analyte) {
    const std::optional<UnitRule> rule = analyte.units.find(spelling);
    const auto refused = [&](Code code) {
        return fail(code, {}, fmt::format("\"{}\" of {}.", spelling, analyte.key));
    };
    if (!rule) {
        return refused(Code::unknown_unit);
    }
    switch (rule->kind) {
        case UnitRule::Kind::factor:
        case UnitRule::Kind::mantissa:
            return units::Rational(rule->factor).over(units::Rational(rule->divisor));
        case UnitRule::Kind::needs_assay:
            return refused(Code::needs_assay_factor);
        case UnitRule::Kind::ambiguous:
            return refused(Code::unit_needs_substance);
        case UnitRule::Kind::not_a_quantity:
            return fail(Code::units_incommensurable, {},
                        fmt::format("\"{}\" of {} is kept in words.", spelling, analyte.key));
    }
    return refused(Code::unknown_unit);
}

Result<Conversion> for_analyte(const std::string& from, const std::string& to,
                               const study::Analyte& analyte) {
    const Result<units::Rational> there = factor_of(from, analyte);
    if (!there) {
        return tl::unexpected(there.error());
    }
    const Result<units::Rational> back = factor_of(to, analyte);
    if (!back) {
        return tl::unexpected(back.error());
    }
    return Conversion::by(there->over(*back));
}

struct ConvertOptions {
    std::vector<std::string> arguments;  ///< VALUE FROM TO
    std::string analyte;
    std::string mappings = "mappings";
    bool from_stdin = false;
};

class Converter {
public:
    explicit Converter(const study::Analyte* analyte) : analyte_(analyte) {}

    /// A laboratory's whole number was measured; in a calculation with units it is exact.
    Result<Decimal> convert(std::string_view value, const std::string& from,
                            const std::string& to) {
        const std::optional<Decimal> number = Decimal::parse(value);
        if (!number) {
            return fail(Code::value_unreadable, {},
                        "VALUE is a decimal number of 36 digits at most.");
        }
        pair_.assign(from).append(1, '\t').append(to);
        const Result<Conversion>& conversion = conversions_.get(pair_, [&] {
            return analyte_ == nullptr ? in_general(from, to) : for_analyte(from, to, *analyte_);
        });
        if (!conversion) {
            return tl::unexpected(conversion.error());
        }
        return (*conversion)(*number,
                             analyte_ == nullptr ? WholeNumber::exact : WholeNumber::measured);
    }

private:
    const study::Analyte* analyte_;
    Remembered<Result<Conversion>> conversions_;
    std::string pair_;
};

ExitStatus convert_lines(Converter& converter) {
    bool all_fine = true;
    std::string from;
    std::string to;
    answer_lines(STDIN_FILENO, stdout, [&](std::string_view line) -> std::string {
        const std::size_t first = line.find('\t');
        const std::size_t second =
            first == std::string_view::npos ? first : line.find('\t', first + 1);
        Result<Decimal> value = fail(Code::usage, {}, "A line is VALUE, FROM and TO between tabs.");
        if (second != std::string_view::npos) {
            from.assign(line.substr(first + 1, second - first - 1));
            to.assign(line.substr(second + 1));
            value = converter.convert(line.substr(0, first), from, to);
        }
        all_fine = all_fine && value.has_value();
        return value ? value->to_string() : "error\t" + reason_of(value.error());
    });
    return all_fine ? ExitStatus::fine : ExitStatus::not_fine;
}

ExitStatus convert(const ConvertOptions& options) {
    if (options.arguments.size() != (options.from_stdin ? 0U : 3U)) {
        std::cerr << "Give VALUE, FROM and TO, or --stdin.\n";
        return ExitStatus::usage;
    }
    std::shared_ptr<const mapping::Configuration> configuration;
    const study::Analyte* analyte = nullptr;
    if (!options.analyte.empty()) {
        configuration = load_or_report(options.mappings);
        if (!configuration) {
            return ExitStatus::usage;
        }
        analyte = configuration->rules().analyte(options.analyte);
        if (analyte == nullptr) {
            std::cerr << options.analyte << " is no analyte of " << options.mappings << ".\n";
            return ExitStatus::usage;
        }
    }
    Converter converter(analyte);
    if (options.from_stdin) {
        return convert_lines(converter);
    }
    const Result<Decimal> value =
        converter.convert(options.arguments[0], options.arguments[1], options.arguments[2]);
    if (!value) {
        std::cerr << "error\t" << reason_of(value.error()) << "\n";
        return ExitStatus::not_fine;
    }
    std::cout << value->to_string() << "\n";
    return ExitStatus::fine;
}

/// What stands beside the options, as it was written: CLI11 takes the brackets off the arguments of
/// an option that has several, and `[IU]` would become `IU`.
bool take_rest(const CLI::App& command, std::vector<std::string>& arguments) {
    arguments = command.remaining();
    const auto is_option = [](const std::string& text) { return text.starts_with("--"); };
    const auto unknown = std::find_if(arguments.begin(), arguments.end(), is_option);
    if (unknown == arguments.end()) {
        return true;
    }
    std::cerr << *unknown << " is not known here.\n";
    return false;
}

void add_validate(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand("validate", "Whether texts are units of UCUM");
    const auto options = std::make_shared<ValidateOptions>();
    command->allow_extras()->footer("Beside the options: UNIT...");
    command->add_flag("--stdin", options->from_stdin, "A unit a line from standard input");
    command->add_flag("--json", options->json,
                      "A JSON line for each, with canonical form and name");
    command->callback([command, options, &status] {
        status = take_rest(*command, options->units) ? validate(*options) : ExitStatus::usage;
    });
}

void add_convert(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand("convert", "A value in another unit");
    const auto options = std::make_shared<ConvertOptions>();
    command->allow_extras()->footer("Beside the options: VALUE FROM TO");
    command->add_flag("--stdin", options->from_stdin,
                      "VALUE, FROM and TO between tabs, a line each from standard input");
    command->add_option("--analyte", options->analyte,
                        "Key of an analyte: its own spellings first, and its molar mass");
    command->add_option("--mappings", options->mappings,
                        "The configuration directory (default mappings), read for --analyte");
    command->callback([command, options, &status] {
        status = take_rest(*command, options->arguments) ? convert(*options) : ExitStatus::usage;
    });
}

}  // namespace

void add_units(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand("units", "UCUM: check and convert units");
    command->require_subcommand(1);
    add_validate(*command, status);
    add_convert(*command, status);
}

}  // namespace labrelay::app
