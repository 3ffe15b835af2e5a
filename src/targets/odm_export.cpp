#include "labrelay/targets/odm_export.hpp"

#include <fmt/format.h>

#include <set>
#include <tuple>
#include <utility>

#include "labrelay/units/result_state.hpp"

namespace labrelay::targets {
namespace {

using study::OdmItemLine;
using study::OdmMap;

/// received_at is written by labrelay itself, in UTC.
Instant instant_of(const std::string& received_at) {
    const Result<Timestamp> time = parse_iso_time(received_at);
    if (!time) {
        return {};
    }
    const std::chrono::sys_time<std::chrono::microseconds> at = time->day + time->time_of_day;
    return Instant{at.time_since_epoch().count()};
}

bool is_withdrawn(const LabRow& row) {
    return row.result_state == units::to_string(units::ResultState::withdrawn);
}

/// The first version of a value that never moved has no reason.
std::string reason_of(const LabRow& row) {
    if (!row.reason.empty()) {
        return row.reason;
    }
    const bool is_later = row.version.value_or(1) > 1;
    return is_later ? fmt::format("Version {} of the result, status {}", *row.version, row.status)
                    : std::string();
}

/// The draw, because results of one draw belong to one repetition of the event.
std::string draw_of(const LabRow& row) {
    if (!row.specimen.empty()) {
        return row.specimen;
    }
    return row.collected_at.empty() ? row.result_id : row.collected_at;
}

tl::unexpected<Error> missing(const std::string& what) {
    return fail(Code::export_term_missing, Place{what});
}

class EventBuilder {
public:
    explicit EventBuilder(const OdmMap& map) : map_(map) {}

    Result<OdmSubjectEvent> build(const LabRow& row, const OdmItemLine& line) const {
        Result<OdmSubjectEvent> event = event_of(row);
        if (!event) {
            return event;
        }
        OdmItem item;
        item.form_oid = line.form;
        item.item_group_oid = line.group;
        item.group_repeat_key = row.result_id;
        item.source_id = row.lineage_id;
        item.reason = reason_of(row);
        item.remove = is_withdrawn(row);
        item.at = instant_of(row.received_at);
        const auto add = [&](const std::string& oid, const std::string& value,
                             const std::string& unit) {
            if (!oid.empty()) {
                item.item_oid = oid;
                item.value = value;
                item.unit_oid = unit;
                event->items.push_back(item);
            }
        };
        add(line.number, row.value_num, line.unit);
        add(line.comparator, row.comparator, {});
        add(line.text, row.value_text.empty() ? row.value_num : row.value_text, {});
        add(line.state, row.result_state, {});
        return event;
    }

private:
    Result<OdmSubjectEvent> event_of(const LabRow& row) const {
        OdmSubjectEvent event;
        event.subject_key = row.subject;
        const study::OdmSite* site = map_.site(row.site);
        if (site == nullptr) {
            return missing("site " + row.site);
        }
        event.site_oid = site->oid;
        if (row.visit.empty()) {
            event.event_oid = row.visit_kind == "history" ? map_.history : map_.unscheduled;
            event.event_repeat_key = draw_of(row);
            return event;
        }
        const study::OdmEvent* visit = map_.event(row.visit);
        if (visit == nullptr) {
            return missing("visit " + row.visit);
        }
        event.event_oid = visit->oid;
        return event;
    }

    const OdmMap& map_;
};

using ItemKeys = std::tuple<std::string, std::string, std::string, std::string, std::string>;

ItemKeys keys_of(const OdmSubjectEvent& event, const OdmItem& item) {
    return {event.event_oid, event.event_repeat_key, item.form_oid, item.item_group_oid,
            item.item_oid};
}

/// Takes a result back wherever it stood and stands no longer. `event` is where it stands now, if
/// anywhere.
std::vector<OdmSubjectEvent> taken_back(const OdmMap& map, const EventBuilder& builder,
                                        const StudyResult& result, const OdmSubjectEvent& event) {
    std::set<ItemKeys> seen;
    for (const OdmItem& item : event.items) {
        seen.insert(keys_of(event, item));
    }
    std::vector<OdmSubjectEvent> events;
    for (LabRow place : result.former) {
        place.result_state = units::to_string(units::ResultState::withdrawn);
        const OdmItemLine* line = map.omits(place.analyte) ? nullptr : map.item(place.analyte);
        if (line == nullptr) {
            continue;
        }
        Result<OdmSubjectEvent> former = builder.build(place, *line);
        if (!former) {
            continue;  // the receiver's study has no such event any more
        }
        std::erase_if(former->items, [&](const OdmItem& item) {
            return !seen.insert(keys_of(*former, item)).second;
        });
        if (!former->items.empty()) {
            events.push_back(std::move(*former));
        }
    }
    return events;
}

class Exporter {
public:
    Exporter(const study::StudyDefinition& study, const OdmExport& what, ExportFile file)
        : study_(study), file_(std::move(file)) {
        header_.file_type = what.file_type;
        header_.file_oid = fmt::format("urn:labrelay:{}:{}", study.odm->study,
                                       what.created.microseconds / 1'000'000);
        header_.created = what.created;
        header_.source_system_version = what.version;
        header_.study_oid = study.odm->study;
        header_.metadata_version_oid = study.odm->metadata_version;
        header_.user_oid = study.odm->user;
    }

    Result<ExportedFile> run(const StudyReader& reader) {
        Result<void> done = file_.write(odm_opening(header_, OdmProfile::plain));
        if (done) {
            done = reader.in_snapshot([&] {
                return reader.for_each_subject(
                    study_.id, [&](const StudySubject&, const std::vector<StudyResult>& results) {
                        return write(results);
                    });
            });
        }
        if (done) {
            done = file_.write(odm_closing());
        }
        if (done) {
            done = file_.finish(rows_);
        }
        if (!done) {
            return tl::unexpected<Error>(done.error());
        }
        return ExportedFile{file_.path(), rows_};
    }

private:
    Result<void> write(const std::vector<StudyResult>& results) {
        const Result<std::vector<OdmSubjectEvent>> events = odm_events(study_, results);
        if (!events) {
            return tl::unexpected<Error>(events.error());
        }
        if (events->empty()) {
            return {};  // nothing of the subject is submitted
        }
        if (Result<void> checked = check_odm(*events); !checked) {
            return checked;
        }
        for (const StudyResult& result : results) {
            const bool absent =
                is_withdrawn(result.row) && header_.file_type == OdmFileType::snapshot;
            rows_ += absent || study_.odm->omits(result.row.analyte) ? 0 : 1;
        }
        return file_.write(odm_subject(header_, *events, OdmProfile::plain));
    }

    const study::StudyDefinition& study_;
    ExportFile file_;
    OdmHeader header_;
    std::int64_t rows_ = 0;
};

}  // namespace

Result<std::vector<OdmSubjectEvent>> odm_events(const study::StudyDefinition& study,
                                                std::span<const StudyResult> results) {
    const EventBuilder builder(*study.odm);
    std::vector<OdmSubjectEvent> events;
    for (const StudyResult& result : results) {
        OdmSubjectEvent now;
        if (!study.odm->omits(result.row.analyte)) {
            const OdmItemLine* line = study.odm->item(result.row.analyte);
            if (line == nullptr) {
                return missing(result.row.analyte);
            }
            Result<OdmSubjectEvent> event = builder.build(result.row, *line);
            if (!event) {
                return tl::unexpected<Error>(event.error());
            }
            now = *event;
            events.push_back(std::move(*event));
        }
        for (OdmSubjectEvent& event : taken_back(*study.odm, builder, result, now)) {
            events.push_back(std::move(event));
        }
    }
    return events;
}

Result<ExportedFile> export_odm(const StudyReader& reader, const study::StudyDefinition& study,
                                const OdmExport& what) {
    if (!study.odm) {
        return fail(Code::export_not_configured, Place{study.id}, "<odm> is missing.");
    }
    Result<ExportFile> file = ExportFile::create(what.file);
    if (!file) {
        return tl::unexpected<Error>(file.error());
    }
    return Exporter(study, what, std::move(*file)).run(reader);
}

}  // namespace labrelay::targets
