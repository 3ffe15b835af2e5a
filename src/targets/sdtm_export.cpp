#include "labrelay/targets/sdtm_export.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "labrelay/targets/dataset_csv.hpp"
#include "labrelay/targets/dataset_json.hpp"
#include "labrelay/targets/export_file.hpp"
#include "labrelay/targets/sdtm.hpp"
#include "labrelay/targets/xpt.hpp"

namespace labrelay::targets {
namespace {

using study::SdtmDomain;

constexpr std::size_t kSeconds = 19;  // 2026-11-22T08:15:00

/// What the first pass finds out of a domain.
struct Measured {
    DatasetHead head;
    DatasetHead widest;  ///< with room for the longest text that a transport file takes
    std::string last_received;
};

void measure_texts(DatasetHead& head, const DatasetRow& row) {
    for (std::size_t index = 0; index < row.size(); ++index) {
        DatasetColumn& column = head.columns[index];
        if (column.type == DatasetColumn::Type::text && row[index]) {
            const int length = static_cast<int>(row[index]->size());
            column.length = std::max(column.length.value_or(1), length);
        }
    }
}

/// A row that the format cannot hold is found here, before any file is begun.
Result<void> measure(Measured& measured, const std::vector<DatasetRow>& rows,
                     DatasetFormat format) {
    for (const DatasetRow& row : rows) {
        measure_texts(measured.head, row);
        ++measured.head.records;
        if (format == DatasetFormat::xpt) {
            const Result<std::string> bytes = xpt_row(measured.widest, row, measured.head.records);
            if (!bytes) {
                return tl::unexpected<Error>(bytes.error());
            }
        }
    }
    return {};
}

std::string file_name(SdtmDomain domain, DatasetFormat format) {
    std::string name(study::to_string(domain));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return static_cast<char>(c - 'A' + 'a'); });
    return name + "." + std::string(to_string(format));
}

/// One data set on its way into its file.
class DatasetFile {
public:
    static Result<DatasetFile> create(const SdtmExport& what, SdtmDomain domain,
                                      const Measured& measured) {
        Result<ExportFile> file =
            ExportFile::create(what.directory / file_name(domain, what.format));
        if (!file) {
            return tl::unexpected<Error>(file.error());
        }
        DatasetFile dataset(what, measured.head, std::move(*file));
        if (Result<void> opened = dataset.open(); !opened) {
            return tl::unexpected<Error>(opened.error());
        }
        return dataset;
    }

    Result<void> write(const DatasetRow& row) {
        ++written_;
        switch (what_->format) {
            case DatasetFormat::csv:
                return file_.write(dataset_csv_row(row));
            case DatasetFormat::json:
                return file_.write(dataset_json_row(head_, row, written_ == 1));
            case DatasetFormat::ndjson:
                return file_.write(dataset_json_row(head_, row, true) + "\n");
            case DatasetFormat::xpt:
                break;
        }
        const Result<std::string> bytes = xpt_row(head_, row, written_);
        return bytes ? file_.write(*bytes) : Result<void>(tl::unexpected<Error>(bytes.error()));
    }

    Result<ExportedFile> finish() {
        Result<void> done;
        if (what_->format == DatasetFormat::json) {
            done = file_.write(dataset_json_closing());
        } else if (what_->format == DatasetFormat::xpt) {
            done = file_.write(xpt_closing(head_));
        }
        if (done) {
            done = file_.finish(written_);
        }
        if (!done) {
            return tl::unexpected<Error>(done.error());
        }
        return ExportedFile{file_.path(), written_};
    }

private:
    DatasetFile(const SdtmExport& what, DatasetHead head, ExportFile file)
        : what_(&what), head_(std::move(head)), file_(std::move(file)) {}

    Result<void> open() {
        switch (what_->format) {
            case DatasetFormat::csv:
                return file_.write(dataset_csv_opening(head_));
            case DatasetFormat::json:
                return file_.write(dataset_json_opening(head_));
            case DatasetFormat::ndjson:
                return file_.write(dataset_ndjson_opening(head_));
            case DatasetFormat::xpt:
                break;
        }
        const Result<std::string> bytes =
            xpt_opening(head_, {"9.4", "labrelay", what_->created, what_->created});
        return bytes ? file_.write(*bytes) : Result<void>(tl::unexpected<Error>(bytes.error()));
    }

    const SdtmExport* what_;
    DatasetHead head_;
    ExportFile file_;
    std::int64_t written_ = 0;
};

class Exporter {
public:
    Exporter(const StudyReader& reader, const study::StudyDefinition& study, const SdtmExport& what)
        : reader_(reader), study_(study), what_(what) {}

    Result<std::vector<ExportedFile>> run() {
        Result<void> done = reader_.in_snapshot([&] { return both_passes(); });
        if (!done) {
            return tl::unexpected<Error>(done.error());
        }
        std::vector<ExportedFile> exported;
        for (auto& [domain, file] : files_) {
            Result<ExportedFile> finished = file.finish();
            if (!finished) {
                return tl::unexpected<Error>(finished.error());
            }
            exported.push_back(std::move(*finished));
        }
        return exported;
    }

private:
    using Visit = std::function<Result<void>(SdtmDomain, const std::vector<DatasetRow>&,
                                             const std::vector<StudyResult>&)>;

    Result<void> both_passes() {
        Result<void> done =
            for_each_domain([&](SdtmDomain domain, const auto& rows, const auto& results) {
                Measured& measured = measured_of(domain);
                for (const StudyResult& result : results) {
                    measured.last_received =
                        std::max(measured.last_received, result.row.received_at);
                }
                return measure(measured, rows, what_.format);
            });
        if (done) {
            done = open_files();
        }
        if (!done) {
            return done;
        }
        return for_each_domain([&](SdtmDomain domain, const auto& rows, const auto&) {
            for (const DatasetRow& row : rows) {
                if (Result<void> written = files_.at(domain).write(row); !written) {
                    return written;
                }
            }
            return Result<void>();
        });
    }

    Result<void> for_each_domain(const Visit& visit) const {
        return reader_.for_each_subject(
            study_.id, [&](const StudySubject&, const auto& results) -> Result<void> {
                const auto domains = sdtm_rows(study_, results);
                if (!domains) {
                    return tl::unexpected<Error>(domains.error());
                }
                for (const auto& [domain, rows] : *domains) {
                    if (!is_asked_for(domain)) {
                        continue;
                    }
                    if (Result<void> visited = visit(domain, rows, results); !visited) {
                        return visited;
                    }
                }
                return {};
            });
    }

    bool is_asked_for(SdtmDomain domain) const {
        return what_.domains.empty() ||
               std::find(what_.domains.begin(), what_.domains.end(), domain) != what_.domains.end();
    }

    Result<void> open_files() {
        // What was asked for by name is written although it is empty.
        for (const SdtmDomain domain : what_.domains) {
            measured_of(domain);
        }
        for (auto& [domain, measured] : domains_) {
            // Nothing was modified after it was read.
            const std::string& last = measured.last_received;
            measured.head.last_modified = last.empty() || last > to_iso(what_.created)
                                              ? measured.head.created
                                              : last.substr(0, kSeconds) + "Z";
            Result<DatasetFile> file = DatasetFile::create(what_, domain, measured);
            if (!file) {
                return tl::unexpected<Error>(file.error());
            }
            files_.emplace(domain, std::move(*file));
        }
        return {};
    }

    Measured& measured_of(SdtmDomain domain) {
        const auto [measured, is_new] = domains_.try_emplace(domain);
        if (is_new) {
            measured->second.head = head_of(domain);
            measured->second.widest = measured->second.head;
            for (DatasetColumn& column : measured->second.widest.columns) {
                column.length = kLongestXptText;
            }
        }
        return measured->second;
    }

    DatasetHead head_of(SdtmDomain domain) const {
        const study::SdtmMap& map = *study_.sdtm;
        DatasetHead head;
        head.name = study::to_string(domain);
        head.label = sdtm_label(domain);
        head.created = to_iso(what_.created).substr(0, kSeconds) + "Z";
        head.file_oid = fmt::format("labrelay.{}.{}.{}", map.study, head.name,
                                    what_.created.microseconds / 1'000'000);
        head.originator = "labrelay";
        head.system_name = "labrelay";
        head.system_version = what_.version;
        head.study_oid = map.study;
        head.metadata_version_oid =
            fmt::format("MDV.{}.SDTMIG.{}.CT.{}", map.study, map.guide, map.terminology);
        head.item_group_oid = "IG." + head.name;
        head.columns = sdtm_columns(domain);
        return head;
    }

    const StudyReader& reader_;
    const study::StudyDefinition& study_;
    const SdtmExport& what_;
    std::map<SdtmDomain, Measured> domains_;
    std::map<SdtmDomain, DatasetFile> files_;
};

}  // namespace

std::string_view to_string(DatasetFormat format) {
    switch (format) {
        case DatasetFormat::csv:
            return "csv";
        case DatasetFormat::json:
            return "json";
        case DatasetFormat::ndjson:
            return "ndjson";
        case DatasetFormat::xpt:
            return "xpt";
    }
    return {};
}

Result<std::vector<ExportedFile>> export_sdtm(const StudyReader& reader,
                                              const study::StudyDefinition& study,
                                              const SdtmExport& what) {
    if (!study.sdtm) {
        return fail(Code::export_not_configured, Place{study.id}, "<sdtm> is missing.");
    }
    return Exporter(reader, study, what).run();
}

}  // namespace labrelay::targets
