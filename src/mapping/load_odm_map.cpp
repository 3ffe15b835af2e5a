#include "load_odm_map.hpp"

#include <fmt/format.h>

#include <utility>

#include "suggestion.hpp"

namespace labrelay::mapping {

using study::OdmItemLine;
using study::OdmMap;

void OdmReader::read(Element& element) {
    map_.emplace();
    at_ = element.at();
    map_->study = element.required("study-oid");
    map_->metadata_version = element.required("metadata-version");
    map_->user = element.required("user");
    map_->unscheduled = new_oid(element, "unscheduled", true);
    map_->history = new_oid(element, "history", true);
    element.children({{"event", [this](Element& e) { read_event(e); }},
                      {"location", [this](Element& e) { read_location(e); }},
                      {"item", [this](Element& e) { read_item(e); }, true},
                      {"omit", [this](Element& e) { read_omitted(e); }}});
}

/// An OID names one thing of the metadata version.
std::string OdmReader::new_oid(Element& element, std::string_view name, bool required) {
    std::string oid = required ? element.required(name) : element.text(name);
    if (oid.empty()) {
        return oid;
    }
    const auto [owner, is_new] = owner_of_oid_.emplace(oid, name);
    if (!is_new) {
        file_.error(Code::key_duplicate, element.value_at(name),
                    fmt::format("The OID \"{}\" is taken by another {}.", oid, owner->second));
    }
    return oid;
}

void OdmReader::read_event(Element& element) {
    study::OdmEvent event;
    event.visit = element.required("visit");
    if (map_->event(event.visit) != nullptr) {
        file_.error(Code::key_duplicate, element.value_at("visit"),
                    fmt::format("\"{}\" stands twice.", event.visit));
    }
    named_.push_back({Named::Kind::visit, event.visit, element.value_at("visit")});
    event.oid = new_oid(element, "oid", true);
    map_->events.push_back(std::move(event));
}

void OdmReader::read_location(Element& element) {
    study::OdmSite site;
    site.site = element.required("site");
    if (map_->site(site.site) != nullptr) {
        file_.error(Code::key_duplicate, element.value_at("site"),
                    fmt::format("\"{}\" stands twice.", site.site));
    }
    named_.push_back({Named::Kind::site, site.site, element.value_at("site")});
    site.oid = new_oid(element, "oid", true);
    map_->sites.push_back(std::move(site));
}

std::string OdmReader::analyte(Element& element) {
    const std::string key = element.required("analyte");
    const std::size_t at = element.value_at("analyte");
    if (!key.empty() && catalogue_.find(key) == nullptr) {
        file_.error(Code::reference_unknown, at,
                    fmt::format("\"{}\" is no analyte of analytes.xml.{}", key,
                                catalogue_.suggestion(key)));
    } else if (!key.empty()) {
        named_.push_back({Named::Kind::analyte, key, at});
    }
    if (map_->item(key) != nullptr || map_->omits(key)) {
        file_.error(Code::key_duplicate, at, fmt::format("{} has a line already.", key));
    }
    return key;
}

void OdmReader::read_item(Element& element) {
    OdmItemLine line;
    line.analyte = analyte(element);
    line.form = element.required("form");
    line.group = element.required("group");
    line.text = new_oid(element, "text", true);
    line.number = new_oid(element, "number", false);
    line.comparator = new_oid(element, "comparator", false);
    line.state = new_oid(element, "state", false);
    line.unit = element.text("unit");
    const study::Analyte* analyte = catalogue_.find(line.analyte);
    if (!line.number.empty() && analyte != nullptr && !analyte->units.has_unit()) {
        file_.error(Code::attribute_bad, element.value_at("number"),
                    fmt::format("{} is reported in words and has no number.", line.analyte));
    }
    if (!line.unit.empty() && line.number.empty()) {
        file_.error(Code::attribute_bad, element.value_at("unit"),
                    "A unit belongs to the number, and this line has none.");
    }
    map_->items.push_back(std::move(line));
}

void OdmReader::read_omitted(Element& element) {
    map_->omitted.push_back(analyte(element));
}

void OdmReader::check_references(const study::StudyDefinition& study) {
    std::vector<std::string_view> visits;
    for (const study::Visit& visit : study.visits) {
        visits.push_back(visit.id);
    }
    std::vector<std::string_view> sites;
    for (const study::Site& site : study.sites) {
        sites.push_back(site.id);
    }
    for (const Named& named : named_) {
        if (named.name.empty()) {
            continue;
        }
        std::string problem;
        switch (named.kind) {
            case Named::Kind::analyte:
                if (study.panel_of(named.name) == nullptr) {
                    problem = fmt::format("{} stands in no panel of this study.", named.name);
                }
                break;
            case Named::Kind::visit:
                if (study.visit(named.name) == nullptr) {
                    problem = fmt::format("\"{}\" is no visit of this study.{}", named.name,
                                          did_you_mean(named.name, visits));
                }
                break;
            case Named::Kind::site:
                if (study.site(named.name) == nullptr) {
                    problem = fmt::format("\"{}\" is no site of this study.{}", named.name,
                                          did_you_mean(named.name, sites));
                }
                break;
        }
        if (!problem.empty()) {
            file_.error(Code::reference_unknown, named.at, std::move(problem));
        }
    }
}

void OdmReader::missing(std::string detail) {
    file_.error(Code::element_missing, at_, std::move(detail));
}

void OdmReader::check_complete(const study::StudyDefinition& study) {
    for (const study::Visit& visit : study.visits) {
        if (map_->event(visit.id) == nullptr) {
            missing(fmt::format("The visit {} needs an <event>.", visit.id));
        }
    }
    for (const study::Site& site : study.sites) {
        if (map_->site(site.id) == nullptr) {
            missing(fmt::format("The site {} needs a <location>.", site.id));
        }
    }
    for (const study::Panel& panel : study.panels) {
        for (const std::string& analyte : panel.analytes) {
            if (map_->item(analyte) == nullptr && !map_->omits(analyte)) {
                missing(fmt::format("{} needs an <item>, or an <omit>.", analyte));
            }
        }
    }
}

std::optional<OdmMap> OdmReader::finish(const study::StudyDefinition& study) {
    if (map_) {
        check_references(study);
        check_complete(study);
    }
    return std::move(map_);
}

}  // namespace labrelay::mapping
