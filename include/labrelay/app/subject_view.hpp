#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/mapping/configuration.hpp"
#include "labrelay/store/read_session.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::app {

/// What the commands about subjects read: a store beside a running server or without one, its
/// registry, and the configuration.
struct SubjectView {
    std::shared_ptr<const mapping::Configuration> configuration;
    store::ReadSession session;
    study::Registry registry;

    /// Subjects of configured studies by subject or screening number; all where `number` is empty.
    std::vector<const study::Subject*> subjects(std::string_view number) const;
    const study::StudyDefinition& study_of(const study::Subject& subject) const;
};

/// Errors go to stderr.
std::optional<SubjectView> open_subject_view(const std::string& data, const std::string& mappings);

/// An instant as a person writes it: ISO, without an offset in the calendar of the subject's site;
/// a day means its last moment. Error: csv-value-bad.
Result<Instant> instant_at(std::string_view text, const study::Subject& subject,
                           const study::StudyDefinition& study);

}  // namespace labrelay::app
