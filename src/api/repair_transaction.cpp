#include "repair_transaction.hpp"

#include <fmt/format.h>

#include <string>

#include "labrelay/store/repair_desk.hpp"

namespace labrelay::api {

void audit_facts(store::Desk& desk, const store::Act& act, const study::Registry& before,
                 const pipeline::RegistryChange& change) {
    for (const study::Subject& subject : change.subjects) {
        const study::Subject* known = before.subject(subject.id);
        const std::string object = std::to_string(subject.id.value);
        const std::string was = known != nullptr ? store::subject_record(*known) : std::string();
        const std::string is = store::subject_record(subject);
        desk.audit(act,
                   {"registry", "changed what is known of a subject", "subject", object, was, is});
    }
    for (const study::RegisteredSpecimen& specimen : change.specimens) {
        const study::RegisteredSpecimen* known = before.specimen(specimen.name);
        const std::string object =
            fmt::format("{}:{}", specimen.name.authority, specimen.name.specimen);
        const std::string was = known != nullptr ? store::specimen_record(*known) : std::string();
        const std::string is = store::specimen_record(specimen);
        desk.audit(act, {"registry", "registered a specimen", "specimen", object, was, is});
    }
}

}  // namespace labrelay::api
