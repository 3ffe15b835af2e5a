#include "labrelay/views/sight.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace labrelay::views {
namespace {

/// `data manager` as study.xml writes it.
std::string xml_word(security::Role role) {
    std::string word(security::to_string(role));
    std::ranges::replace(word, ' ', '-');
    return word;
}

/// None of the roles opens what is closed to some. A role that sees no results opens none: whoever
/// administers has no analyte open that is closed to anybody, whether the study names them or not.
bool closes(const std::vector<security::Role>& roles, const std::vector<std::string>& closed) {
    return !roles.empty() && std::ranges::none_of(roles, [&](security::Role role) {
        return security::allows(role, security::Permission::results_view) &&
               std::ranges::find(closed, xml_word(role)) == closed.end();
    });
}

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// `word` stands in `text` by itself.
bool has_word(std::string_view text, std::string_view word) {
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
        const bool begins = at == 0 || !is_word(text[at - 1]);
        const std::size_t end = at + word.size();
        if (begins && (end == text.size() || !is_word(text[end]))) {
            return true;
        }
    }
    return false;
}

/// Whoever sees the second can compute the first, or much of it (src/study/derived_values.cpp).
struct Tells {
    std::string_view closed;
    std::string_view by;
};
constexpr std::array kTells{
    Tells{"HIVVL", "HIVVLLOG"}, Tells{"HIVVLLOG", "HIVVL"}, Tells{"CD4A", "CD4CD8"},
    Tells{"CD8A", "CD4CD8"},    Tells{"CD4A", "CD4P"},      Tells{"CD8A", "CD8P"},
};

/// Shorter ones stand everywhere by chance.
constexpr std::size_t kShortestCode = 3;

/// The codes that stand for closed analytes and for no other one.
std::set<std::string, std::less<>> codes_of(const mapping::Configuration& configuration,
                                            const std::set<std::string, std::less<>>& closed) {
    std::set<std::string, std::less<>> codes;
    std::set<std::string, std::less<>> open;
    for (const mapping::SourceDefinition& source : configuration.sources()) {
        for (const mapping::ObservationLine& line : source.observations) {
            if (line.code.size() >= kShortestCode && line.code.find('*') == std::string::npos) {
                (closed.contains(line.analyte) ? codes : open).insert(line.code);
            }
        }
    }
    std::erase_if(codes, [&](const std::string& code) { return open.contains(code); });
    return codes;
}

}  // namespace

Sight::Sight(const security::Principal& who, security::Permission permission,
             std::shared_ptr<const mapping::Configuration> configuration, study::Registry registry)
    : who_(who),
      permission_(permission),
      configuration_(std::move(configuration)),
      registry_(std::move(registry)),
      everywhere_(who.may(permission, "", "")) {
    if (who_.command) {
        return;
    }
    for (const study::StudyDefinition& study : configuration_->rules().studies) {
        const std::vector<security::Role> roles = who_.roles_in(study.id);
        // A role may be closed by one line and another by the next.
        std::set<std::string> analytes;
        for (const study::Blind& blind : study.blinds) {
            analytes.insert(blind.analytes.begin(), blind.analytes.end());
        }
        for (const std::string& analyte : analytes) {
            std::vector<std::string> closed;
            for (const study::Blind& blind : study.blinds) {
                if (std::ranges::find(blind.analytes, analyte) != blind.analytes.end()) {
                    closed.insert(closed.end(), blind.roles.begin(), blind.roles.end());
                }
            }
            if (closes(roles, closed)) {
                closed_.emplace(study.id, analyte);
                for (const Tells& tells : kTells) {
                    if (tells.closed == analyte) {
                        closed_.emplace(study.id, tells.by);
                    }
                }
            }
        }
    }
    for (const auto& [study, analyte] : closed_) {
        closed_anywhere_.insert(analyte);
    }
    if (blinded()) {
        closed_codes_ = codes_of(*configuration_, closed_anywhere_);
    }
}

bool Sight::sees(const study::Subject& subject) const {
    return who_.may(permission_, subject.study, subject.site);
}

bool Sight::sees(SubjectId subject) const {
    const study::Subject* known = registry_.subject(subject);
    return known == nullptr ? everywhere_ : sees(*known);
}

bool Sight::sees_study(std::string_view study) const {
    return who_.command || std::ranges::any_of(who_.grants, [&](const security::Grant& grant) {
               return security::allows(grant.role, permission_) &&
                      (grant.study.empty() || grant.study == study);
           });
}

bool Sight::sees_unplaced(std::string_view source) const {
    if (everywhere_) {
        return true;
    }
    const auto& studies = configuration_->rules().studies;
    const bool taken = std::ranges::any_of(
        studies, [&](const study::StudyDefinition& study) { return study.accepts_source(source); });
    return std::ranges::any_of(studies, [&](const study::StudyDefinition& study) {
        return (!taken || study.accepts_source(source)) && who_.may(permission_, study.id, "");
    });
}

bool Sight::sees_message(std::string_view source, const std::vector<SubjectId>& subjects) const {
    if (everywhere_) {
        return true;
    }
    if (subjects.empty()) {
        return sees_unplaced(source);
    }
    return std::ranges::all_of(subjects, [&](SubjectId subject) { return sees(subject); });
}

bool Sight::is_closed(std::string_view study, std::string_view analyte) const {
    if (closed_.empty()) {
        return false;
    }
    if (analyte.empty()) {
        return std::ranges::any_of(closed_, [&](const auto& pair) { return pair.first == study; });
    }
    return closed_.contains(std::pair(std::string(study), std::string(analyte)));
}

bool Sight::is_closed(std::string_view analyte) const {
    return analyte.empty() ? blinded() : closed_anywhere_.contains(analyte);
}

bool Sight::names_closed(std::string_view text) const {
    return std::ranges::any_of(
               closed_anywhere_,
               [&](const std::string& analyte) {
                   if (has_word(text, analyte)) {
                       return true;
                   }
                   const study::Analyte* known = configuration_->rules().analyte(analyte);
                   return known != nullptr && text.find(known->name) != std::string_view::npos;
               }) ||
           std::ranges::any_of(closed_codes_,
                               [&](const std::string& code) { return has_word(text, code); });
}

std::string Sight::readable(std::string_view text) const {
    return names_closed(text) ? "(withheld: it names what is closed to you)" : std::string(text);
}

}  // namespace labrelay::views
