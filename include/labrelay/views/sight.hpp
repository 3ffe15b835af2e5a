#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/mapping/configuration.hpp"
#include "labrelay/security/principal.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::views {

/// What one person sees with one permission: the subjects of their studies and sites, and of these
/// the analytes that are not closed to them. Every list, count, page and error asks here and
/// nowhere else. Borrows the principal; holds configuration and registry. One request's.
class Sight {
public:
    Sight(const security::Principal& who, security::Permission permission,
          std::shared_ptr<const mapping::Configuration> configuration, study::Registry registry);

    const mapping::Configuration& configuration() const { return *configuration_; }
    const std::shared_ptr<const mapping::Configuration>& shared_configuration() const {
        return configuration_;
    }
    const study::Registry& registry() const { return registry_; }
    const security::Principal& who() const { return who_; }

    /// Nothing is kept from them by study or site.
    bool everywhere() const { return everywhere_; }
    bool sees(const study::Subject& subject) const;
    bool sees(SubjectId subject) const;
    /// Some site of it.
    bool sees_study(std::string_view study) const;
    /// A result of nobody known may be anybody's: whoever has a study as a whole that takes the
    /// source sees it; where no study takes it, whoever has a whole study.
    bool sees_unplaced(std::string_view source) const;
    /// All of these, or what is of nobody known.
    bool sees_message(std::string_view source, const std::vector<SubjectId>& subjects) const;

    /// R23: closed where it is closed to some role and no role of the person in the study opens it:
    /// one that sees results and is not closed. An administrator's sees none.
    bool is_closed(std::string_view study, std::string_view analyte) const;
    /// Of a result whose study is not known: closed in any study of theirs. The empty analyte (the
    /// code is not mapped) is closed to whom any analyte is.
    bool is_closed(std::string_view analyte) const;
    /// Some analyte is closed to them somewhere.
    bool blinded() const { return !closed_anywhere_.empty(); }
    /// Whether a result counts in what the person is told of: what is not mapped yet counts, its
    /// code is all that is shown of it.
    bool counts(std::string_view analyte) const {
        return analyte.empty() || !closed_anywhere_.contains(analyte);
    }
    std::vector<std::string> closed_analytes() const {
        return {closed_anywhere_.begin(), closed_anywhere_.end()};
    }
    /// The text names an analyte that is closed to them, or a code that stands for such alone.
    bool names_closed(std::string_view text) const;
    /// What a person wrote, as this one may read it.
    std::string readable(std::string_view text) const;

private:
    const security::Principal& who_;
    security::Permission permission_;
    std::shared_ptr<const mapping::Configuration> configuration_;
    study::Registry registry_;
    bool everywhere_ = false;
    std::set<std::pair<std::string, std::string>, std::less<>> closed_;  // study, analyte
    std::set<std::string, std::less<>> closed_anywhere_;
    std::set<std::string, std::less<>> closed_codes_;
};

}  // namespace labrelay::views
