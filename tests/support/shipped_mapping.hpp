#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "labrelay/pipeline/process.hpp"

namespace labrelay::test {

/// The configuration of this repository, loaded once.
inline const mapping::Configuration& shipped_configuration() {
    static const mapping::Loaded kLoaded =
        mapping::load_configuration(std::string(LABRELAY_SOURCE_DIR) + "/mappings");
    if (kLoaded.configuration == nullptr) {
        throw std::runtime_error("the shipped configuration does not load");
    }
    return *kLoaded.configuration;
}

/// The same with one source changed.
inline mapping::Configuration with_source(
    std::string_view id, const std::function<void(mapping::SourceDefinition&)>& change) {
    std::vector<mapping::SourceDefinition> sources = shipped_configuration().sources();
    for (mapping::SourceDefinition& source : sources) {
        if (source.id == id) {
            change(source);
        }
    }
    return {std::move(sources), shipped_configuration().rules()};
}

/// The same with one source's file written anew.
inline std::shared_ptr<const mapping::Configuration> shipped_with_source(std::string_view id,
                                                                         std::string xml) {
    namespace fs = std::filesystem;
    const fs::path mappings = fs::path(LABRELAY_SOURCE_DIR) / "mappings";
    std::vector<mapping::ConfigurationFile> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(mappings)) {
        if (entry.path().extension() == ".xml") {
            std::ifstream stream(entry.path(), std::ios::binary);
            std::ostringstream bytes;
            bytes << stream.rdbuf();
            files.push_back(
                {fs::relative(entry.path(), mappings).generic_string(), std::move(bytes).str()});
        }
    }
    const std::string name = "sources/" + std::string(id) + ".xml";
    for (mapping::ConfigurationFile& file : files) {
        if (file.name == name) {
            file.bytes = std::move(xml);
        }
    }
    const mapping::Loaded loaded = mapping::load_configuration(std::move(files));
    for (const Finding& error : loaded.errors) {
        throw std::runtime_error(error.place.text + " " + error.detail);
    }
    return loaded.configuration;
}

inline Timestamp iso(std::string_view text) {
    return *parse_iso_time(text);
}

/// S-004 (woman, three infusions), S-005 (man), SCR-006 (only a year of birth), and three
/// specimens.
inline study::Registry a_registry() {
    const auto subject = [](std::int64_t id, std::string screening, std::string number,
                            std::string mrn, study::Sex sex, std::string_view birth) {
        study::Subject person;
        person.id = SubjectId{id};
        person.study = "NCT05872659";
        person.site = "QILU";
        person.screening_no = std::move(screening);
        person.subject_no = std::move(number);
        person.identifiers = {{"QILU-MRN", std::move(mrn)}};
        person.sex = sex;
        person.birth_date = *parse_hl7_time(birth);
        person.consent_date = iso("2024-01-08");
        person.first_infusion = iso("2024-01-22T10:30");
        return person;
    };
    const auto specimen = [](std::string id, std::string number, std::string_view collected) {
        study::RegisteredSpecimen registered;
        registered.name = {"QILU-ACC", std::move(id)};
        registered.subject_no = std::move(number);
        if (!collected.empty()) {
            registered.collected_at = iso(collected);
        }
        return registered;
    };
    return study::Registry()
        .with(subject(1, "SCR-004", "S-004", "00481523", study::Sex::female, "19780312"))
        .with(subject(2, "SCR-005", "S-005", "00481599", study::Sex::male, "19841102"))
        .with(subject(3, "SCR-006", "", "00481610", study::Sex::male, "1990"))
        .with(specimen("A240422044", "S-004", "2024-04-22T08:10"))
        .with(specimen("A240422047", "S-004", ""))
        .with(specimen("A240422053", "S-005", "2024-04-22T08:00"))
        .at_version(1);
}

inline pipeline::Arrival an_arrival() {
    pipeline::Arrival arrival;
    arrival.message_id = MessageId{4711};
    arrival.received_at = Instant{1713852000000000};  // 2024-04-23T06:00Z
    arrival.ack_id = "ACK1";
    return arrival;
}

}  // namespace labrelay::test
