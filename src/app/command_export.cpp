#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/dry_run.hpp"
#include "labrelay/targets/odm_export.hpp"
#include "labrelay/targets/sdtm_export.hpp"

namespace labrelay::app {
namespace {

namespace fs = std::filesystem;
using study::SdtmDomain;
using targets::DatasetFormat;
using targets::ExportedFile;

struct Options {
    std::string data = "data";
    std::string mappings = "mappings";
    std::string target;
    std::string study;
    std::string out = ".";
    std::vector<SdtmDomain> domains;
    bool lines = false;
    bool snapshot = false;
    bool json = false;
};

using Export = Result<std::vector<ExportedFile>> (*)(const targets::StudyReader&,
                                                     const study::StudyDefinition&, const Options&);

Result<std::vector<ExportedFile>> datasets(const targets::StudyReader& reader,
                                           const study::StudyDefinition& study,
                                           const Options& options, DatasetFormat format) {
    return targets::export_sdtm(
        reader, study,
        {format, options.out, options.domains, SystemClock{}.now(), LABRELAY_VERSION});
}

Result<std::vector<ExportedFile>> lb_csv(const targets::StudyReader& reader,
                                         const study::StudyDefinition& study,
                                         const Options& options) {
    return datasets(reader, study, options, DatasetFormat::csv);
}

Result<std::vector<ExportedFile>> lb_json(const targets::StudyReader& reader,
                                          const study::StudyDefinition& study,
                                          const Options& options) {
    return datasets(reader, study, options,
                    options.lines ? DatasetFormat::ndjson : DatasetFormat::json);
}

Result<std::vector<ExportedFile>> lb_xpt(const targets::StudyReader& reader,
                                         const study::StudyDefinition& study,
                                         const Options& options) {
    return datasets(reader, study, options, DatasetFormat::xpt);
}

Result<std::vector<ExportedFile>> odm(const targets::StudyReader& reader,
                                      const study::StudyDefinition& study, const Options& options) {
    targets::OdmExport what;
    what.file_type =
        options.snapshot ? targets::OdmFileType::snapshot : targets::OdmFileType::transactional;
    what.file = fs::path(options.out) / "odm.xml";
    what.created = SystemClock{}.now();
    what.version = LABRELAY_VERSION;
    Result<ExportedFile> file = targets::export_odm(reader, study, what);
    if (!file) {
        return tl::unexpected<Error>(file.error());
    }
    return std::vector{std::move(*file)};
}

/// The study that is named, or the only one. Nothing, with words on stderr, where neither is.
const study::StudyDefinition* chosen_study(const mapping::Configuration& configuration,
                                           const std::string& id) {
    const auto& studies = configuration.rules().studies;
    const study::StudyDefinition* study = configuration.rules().study(id);
    if (id.empty() && studies.size() == 1) {
        study = &studies.front();
    }
    if (study == nullptr) {
        std::cerr << describe(Error{Code::usage, Place{"--study"},
                                    "Name one study of the configuration."})
                  << "\n";
    }
    return study;
}

Result<targets::StudyReader> open_study(const Options& options) {
    if (options.target.empty()) {
        return targets::StudyReader::open(fs::path(options.data) / "study.db");
    }
    const auto place = targets::study_place(options.target);
    return place ? targets::StudyReader::open(*place)
                 : targets::StudyReader::open(fs::path(options.target));
}

void print(const ExportedFile& file, bool json) {
    if (json) {
        std::cout
            << nlohmann::ordered_json{{"file", file.path.string()}, {"rows", file.rows}}.dump()
            << "\n";
    } else {
        std::cout << fmt::format("{}  {} rows\n", file.path.string(), file.rows);
    }
}

ExitStatus run(const Options& options, Export write) {
    const std::shared_ptr<const mapping::Configuration> configuration =
        load_or_report(options.mappings);
    if (!configuration) {
        return ExitStatus::usage;
    }
    const study::StudyDefinition* study = chosen_study(*configuration, options.study);
    if (study == nullptr) {
        return ExitStatus::usage;
    }
    const Result<targets::StudyReader> reader = open_study(options);
    if (!reader) {
        std::cerr << describe(reader.error()) << "\n";
        return ExitStatus::usage;
    }
    std::error_code failed;
    fs::create_directories(options.out, failed);
    const Result<std::vector<ExportedFile>> files = write(*reader, *study, options);
    if (!files) {
        std::cerr << describe(files.error()) << "\n";
        return ExitStatus::not_fine;
    }
    for (const ExportedFile& file : *files) {
        print(file, options.json);
    }
    return ExitStatus::fine;
}

CLI::App* add_format(CLI::App& group, const std::string& name, const std::string& what,
                     const std::shared_ptr<Options>& options, ExitStatus& status, Export write) {
    CLI::App* command = group.add_subcommand(name, what);
    command->add_option("--data", options->data, "The data directory (default data)");
    command->add_option("--mappings", options->mappings,
                        "The configuration directory (default mappings)");
    command->add_option("--target", options->target,
                        "The study database: sqlite:///path (default study.db in the data "
                        "directory)");
    command->add_option("--study", options->study, "Which study, where there are several");
    command->add_option("--out", options->out, "The directory to write into (default .)");
    command->add_flag("--json", options->json, "One JSON object a file");
    command->callback([options, &status, write] { status = run(*options, write); });
    return command;
}

void add_domains(CLI::App* command, const std::shared_ptr<Options>& options) {
    const std::map<std::string, SdtmDomain> domains{{"LB", SdtmDomain::lb},
                                                    {"CP", SdtmDomain::cp},
                                                    {"MB", SdtmDomain::mb},
                                                    {"IS", SdtmDomain::is}};
    command
        ->add_option("--domain", options->domains,
                     "LB, CP, MB or IS; several times for several (default: each with results)")
        ->transform(CLI::CheckedTransformer(domains, CLI::ignore_case));
}

}  // namespace

void add_export(CLI::App& app, ExitStatus& status) {
    CLI::App* group = app.add_subcommand("export", "The study's results as files for others");
    group->require_subcommand(1);
    const auto options = std::make_shared<Options>();
    add_domains(add_format(*group, "lb-csv", "CDISC SDTM as CSV", options, status, lb_csv),
                options);
    CLI::App* json =
        add_format(*group, "lb-json", "CDISC SDTM as Dataset-JSON 1.1", options, status, lb_json);
    add_domains(json, options);
    json->add_flag("--ndjson", options->lines, "A line a row, for large data sets");
    add_domains(add_format(*group, "lb-xpt", "CDISC SDTM as SAS transport file version 5", options,
                           status, lb_xpt),
                options);
    add_format(*group, "odm", "CDISC ODM 1.3.2, transactional with audit records", options, status,
               odm)
        ->add_flag("--snapshot", options->snapshot, "What holds now, without transactions");
}

}  // namespace labrelay::app
