#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "element.hpp"
#include "load_checks.hpp"
#include "load_criteria.hpp"
#include "load_odm_map.hpp"
#include "load_redcap_map.hpp"
#include "load_sdtm_map.hpp"
#include "loading.hpp"
#include "suggestion.hpp"

namespace labrelay::mapping {
namespace {

using study::Anchor;
using study::Infusion;
using Sort = study::Criterion::Sort;

// Ten years either way: a typing error, not a visit.
constexpr std::int64_t kFarthestDay = 3660;

// The roles of docs/rights.md, as XML writes them.
constexpr std::array<std::string_view, 5> kRoles{"viewer", "data-manager", "mapper",
                                                 "administrator", "inspector"};

class StudyReader {
public:
    StudyReader(XmlFile& file, const Shared& shared)
        : file_(file),
          catalogue_(shared.catalogue),
          sources_(shared.sources),
          scales_(shared.scales),
          criteria_(file, shared.catalogue),
          checks_(file, shared.catalogue),
          sdtm_(file, shared.catalogue),
          odm_(file, shared.catalogue),
          redcap_(file) {}

    study::StudyDefinition read(std::string_view id) {
        if (file_.root() == nullptr) {
            return {};
        }
        Element root(*file_.root(), file_);
        study_.id = root.required("id");
        if (!study_.id.empty() && study_.id != id) {
            file_.error(Code::attribute_bad, root.value_at("id"),
                        fmt::format("The id is the folder's name: {}.", id));
        }
        study_.name = root.required("name");
        root.children({{"site", [this](Element& e) { read_site(e); }, true},
                       {"accept", [this](Element& e) { read_accept(e); }, true},
                       {"authority", [this](Element& e) { read_authority(e); }, true},
                       {"panel", [this](Element& e) { read_panel(e); }, true},
                       {"visit", [this](Element& e) { read_visit(e); }, true},
                       {"inclusion", [this](Element& e) { read_criterion(e, Sort::inclusion); }},
                       {"exclusion", [this](Element& e) { read_criterion(e, Sort::exclusion); }},
                       {"check", [this](Element& e) { checks_.read(e); }},
                       {"blind", [this](Element& e) { read_blind(e); }},
                       {"withdrawal", [this](Element& e) { read_withdrawal(e); }, true, true},
                       {"screen-failure", [this](Element& e) { read_failure(e); }, true, true},
                       {"grading", [this](Element& e) { read_grading(e); }, false, true},
                       {"sdtm", [this](Element& e) { sdtm_.read(e); }, false, true},
                       {"odm", [this](Element& e) { odm_.read(e); }, false, true},
                       {"redcap", [this](Element& e) { redcap_.read(e); }, false, true}});
        root.finish();
        check_authorities();
        check_panels();
        check_windows();
        check_criteria();
        study_.checks = checks_.finish(study_);
        study_.sdtm = sdtm_.finish(study_);
        study_.odm = odm_.finish(study_);
        study_.redcap = redcap_.finish(study_);
        return std::move(study_);
    }

private:
    /// The value of a key that must stand once among `known`.
    template <class Known>
    std::string new_key(Element& element, std::string_view name, const Known& known) {
        std::string key = element.required(name);
        const auto same = [&](const auto& other) { return other.id == key; };
        if (!key.empty() && std::any_of(known.begin(), known.end(), same)) {
            file_.error(Code::key_duplicate, element.value_at(name),
                        fmt::format("\"{}\" stands twice.", key));
        }
        return key;
    }

    void read_site(Element& element) {
        study::Site site;
        site.id = new_key(element, "id", study_.sites);
        site.name = element.text("name");
        site.zone = element.zone("zone");
        site.draws_before_dosing = element.yes_no("draws-before-dosing", false);
        study_.sites.push_back(std::move(site));
    }

    void read_accept(Element& element) {
        const std::string source = element.required("source");
        std::vector<std::string_view> known;
        for (const LoadedSource& loaded : sources_) {
            known.push_back(loaded.definition.id);
        }
        if (!source.empty() && std::find(known.begin(), known.end(), source) == known.end()) {
            file_.error(
                Code::reference_unknown, element.value_at("source"),
                fmt::format("There is no sources/{}.xml.{}", source, did_you_mean(source, known)));
        }
        append_new(element, "source", source, study_.sources);
    }

    void read_authority(Element& element) {
        const std::string name = element.required("name");
        append_new(element, "name", name, study_.authorities);
        authority_at_[name] = element.value_at("name");
    }

    void append_new(const Element& element, std::string_view name, const std::string& value,
                    std::vector<std::string>& values) {
        if (std::find(values.begin(), values.end(), value) != values.end()) {
            file_.error(Code::key_duplicate, element.value_at(name),
                        fmt::format("\"{}\" stands twice.", value));
        }
        values.push_back(value);
    }

    void read_panel(Element& element) {
        study::Panel panel;
        panel.id = new_key(element, "id", study_.panels);
        panel.name = element.required("name");
        element.required("analytes");
        for (const ListItem& item : element.words("analytes")) {
            if (catalogue_.find(item.text) == nullptr) {
                file_.error(Code::reference_unknown, item.at,
                            fmt::format("\"{}\" is no analyte of analytes.xml.{}", item.text,
                                        catalogue_.suggestion(item.text)));
            }
            const auto [owner, is_new] = panel_of_.emplace(item.text, panel.id);
            if (!is_new) {
                file_.error(
                    Code::key_duplicate, item.at,
                    fmt::format("{} stands in the panel {} already.", item.text, owner->second));
            }
            panel.analytes.push_back(item.text);
        }
        read_expected(element, panel);
        panel.only_child_bearing =
            element.choice<bool>("expected-of", {{"everybody", false}, {"child-bearing", true}})
                .value_or(false);
        study_.panels.push_back(std::move(panel));
    }

    /// `CD4A HIVVL|HIVIU`: without it everything that the panel holds.
    void read_expected(Element& element, study::Panel& panel) {
        for (const ListItem& item : element.words("expects")) {
            std::vector<std::string>& one_of = panel.expects.emplace_back();
            for (std::size_t at = 0; at <= item.text.size();) {
                const std::size_t end = std::min(item.text.find('|', at), item.text.size());
                one_of.push_back(item.text.substr(at, end - at));
                if (std::find(panel.analytes.begin(), panel.analytes.end(), one_of.back()) ==
                    panel.analytes.end()) {
                    const std::vector<std::string_view> known(panel.analytes.begin(),
                                                              panel.analytes.end());
                    file_.error(Code::reference_unknown, item.at + at,
                                fmt::format("\"{}\" is no analyte of this panel.{}", one_of.back(),
                                            did_you_mean(one_of.back(), known)));
                }
                at = end + 1;
            }
        }
        for (const std::string& analyte : panel.analytes) {
            if (element.text("expects").empty()) {
                panel.expects.push_back({analyte});
            }
        }
    }

    void read_criterion(Element& element, Sort sort) {
        study::Criterion criterion = criteria_.read(element, sort);
        const auto same = [&](const study::Criterion& other) { return other.id == criterion.id; };
        if (!criterion.id.empty() &&
            std::any_of(study_.criteria.begin(), study_.criteria.end(), same)) {
            file_.error(Code::key_duplicate, element.value_at("id"),
                        fmt::format("\"{}\" stands twice.", criterion.id));
        }
        study_.criteria.push_back(std::move(criterion));
    }

    void read_blind(Element& element) {
        study::Blind blind;
        element.required("analytes");
        for (const ListItem& item : element.words("analytes")) {
            if (catalogue_.find(item.text) == nullptr) {
                file_.error(Code::reference_unknown, item.at,
                            fmt::format("\"{}\" is no analyte of analytes.xml.{}", item.text,
                                        catalogue_.suggestion(item.text)));
            }
            blind.analytes.push_back(item.text);
        }
        element.required("roles");
        const std::vector<std::string_view> known(kRoles.begin(), kRoles.end());
        for (const ListItem& item : element.words("roles")) {
            if (std::find(known.begin(), known.end(), item.text) == known.end()) {
                file_.error(
                    Code::reference_unknown, item.at,
                    fmt::format("\"{}\" is no role.{}", item.text, did_you_mean(item.text, known)));
            }
            blind.roles.push_back(item.text);
        }
        study_.blinds.push_back(std::move(blind));
    }

    /// What the study does not take could never decide anything.
    void check_criteria() {
        for (const ListItem& item : criteria_.analytes()) {
            if (!panel_of_.contains(item.text)) {
                file_.error(Code::reference_unknown, item.at,
                            fmt::format("{} stands in no panel of this study, so that no result "
                                        "of it would be taken.",
                                        item.text));
            }
        }
    }

    int required_day(Element& element, std::string_view name) {
        element.required(name);
        return static_cast<int>(element.integer(name, -kFarthestDay, kFarthestDay).value_or(0));
    }

    void read_visit(Element& element) {
        study::Visit visit;
        visit.id = new_key(element, "id", study_.visits);
        visit.name = element.required("name");
        element.required("anchor");
        visit.anchor = element
                           .choice<Anchor>("anchor", {{"screening", Anchor::screening},
                                                      {"first-infusion", Anchor::first_infusion}})
                           .value_or(Anchor::first_infusion);
        visit.target = required_day(element, "target");
        visit.from = required_day(element, "from");
        visit.until = required_day(element, "until");
        visit.before = element
                           .choice<Infusion>("before", {{"first", Infusion::first},
                                                        {"second", Infusion::second},
                                                        {"third", Infusion::third}})
                           .value_or(Infusion::none);
        if (visit.from > visit.target || visit.target > visit.until) {
            file_.error(Code::attribute_bad, element.value_at("target"),
                        "The target lies within the window: from <= target <= until.");
        }
        element.required("panels");
        for (const ListItem& item : element.words("panels")) {
            if (std::find(visit.panels.begin(), visit.panels.end(), item.text) !=
                visit.panels.end()) {
                file_.error(Code::key_duplicate, item.at,
                            fmt::format("The panel {} stands twice.", item.text));
            }
            visit.panels.push_back(item.text);
            panels_named_.push_back(item);
        }
        visit_at_.push_back(element.at());
        study_.visits.push_back(std::move(visit));
    }

    void read_withdrawal(Element& element) {
        element.required("keep-reported-after");
        study_.keep_reported_after_withdrawal = element.yes_no("keep-reported-after", true);
    }

    void read_failure(Element& element) {
        element.required("forward");
        study_.forward_screen_failures = element.yes_no("forward", false);
    }

    void read_grading(Element& element) {
        study_.grade_scale = element.required("scale");
        const study::GradeScale* scale = nullptr;
        std::vector<std::string_view> known;
        for (const study::GradeScale& one : scales_) {
            known.push_back(one.id);
            scale = one.id == study_.grade_scale ? &one : scale;
        }
        if (!study_.grade_scale.empty() && scale == nullptr) {
            file_.error(Code::reference_unknown, element.value_at("scale"),
                        fmt::format("\"{}\" is no scale of grades.xml.{}", study_.grade_scale,
                                    did_you_mean(study_.grade_scale, known)));
        }
        for (const ListItem& item : element.words("except")) {
            if (scale != nullptr && !scale->grades(item.text)) {
                file_.error(Code::reference_unknown, item.at,
                            fmt::format("{} has no row of \"{}\".", scale->id, item.text));
            }
            study_.not_graded.push_back(item.text);
        }
    }

    /// An authority that no accepted source gives would never find a subject.
    void check_authorities() {
        std::vector<std::string_view> given;
        for (const LoadedSource& loaded : sources_) {
            const auto& accepted = study_.sources;
            if (std::find(accepted.begin(), accepted.end(), loaded.definition.id) !=
                accepted.end()) {
                for (const PatientLine& line : loaded.definition.patients) {
                    given.push_back(line.authority);
                }
            }
        }
        for (const auto& [name, at] : authority_at_) {
            if (!name.empty() && std::find(given.begin(), given.end(), name) == given.end()) {
                file_.error(Code::reference_unknown, at,
                            fmt::format("No accepted source has a <patient> of the authority "
                                        "\"{}\".{}",
                                        name, did_you_mean(name, given)));
            }
        }
    }

    void check_panels() {
        std::vector<std::string_view> known;
        for (const study::Panel& panel : study_.panels) {
            known.push_back(panel.id);
        }
        for (const ListItem& item : panels_named_) {
            if (std::find(known.begin(), known.end(), item.text) == known.end()) {
                file_.error(Code::reference_unknown, item.at,
                            fmt::format("\"{}\" is no panel of this study.{}", item.text,
                                        did_you_mean(item.text, known)));
            }
        }
    }

    /// Windows of one anchor; those of different anchors meet only through a subject's own dates,
    /// where screening ends as the first of the others begins.
    void check_windows() {
        const auto& visits = study_.visits;
        for (std::size_t i = 0; i < visits.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                if (visits[i].anchor == visits[j].anchor && visits[i].from <= visits[j].until &&
                    visits[j].from <= visits[i].until) {
                    file_.error(Code::windows_overlap, visit_at_[i],
                                fmt::format("{} ({} to {}) and {} ({} to {}) share days.",
                                            visits[i].id, visits[i].from, visits[i].until,
                                            visits[j].id, visits[j].from, visits[j].until));
                }
            }
        }
    }

    XmlFile& file_;
    const Catalogue& catalogue_;
    const std::vector<LoadedSource>& sources_;
    const std::vector<study::GradeScale>& scales_;
    CriteriaReader criteria_;
    CheckReader checks_;
    SdtmReader sdtm_;
    OdmReader odm_;
    RedcapReader redcap_;
    study::StudyDefinition study_;
    std::map<std::string, std::size_t> authority_at_;
    std::map<std::string, std::string> panel_of_;  // analyte -> panel
    std::vector<ListItem> panels_named_;
    std::vector<std::size_t> visit_at_;
};

}  // namespace

study::StudyDefinition load_study(XmlFile& file, std::string_view id, const Shared& shared) {
    return StudyReader(file, shared).read(id);
}

}  // namespace labrelay::mapping
