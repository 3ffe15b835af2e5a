// Mutants of every sample: whatever a sender could make of them, nothing is lost, nothing is read
// at another patient or specimen than its own, and no value is another than the one that was sent.
// LABRELAY_LONG=1 makes a million of them; LABRELAY_SEED another set.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include "labrelay/hl7/charset.hpp"
#include "labrelay/mapping/registry_files.hpp"
#include "labrelay/pipeline/process.hpp"
#include "labrelay/study/decide.hpp"
#include "mutator.hpp"
#include "shipped_mapping.hpp"

namespace labrelay {
namespace {

namespace fs = std::filesystem;
using test::Dice;
using test::Mutant;
using test::Mutation;

struct Original {
    std::string name;
    std::string bytes;
    /// Every value says whose it is: 100 x the owner's number + something below 100.
    bool owners_in_values = false;
};

std::string bytes_of(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream bytes;
    bytes << stream.rdbuf();
    return std::move(bytes).str();
}

/// Owners 1 to 4: registered under a number and a specimen that share no letter with another's.
struct Owner {
    const char* number;
    const char* patient;
    const char* specimen;
};
constexpr Owner kOwners[] = {{"S-101", "11111111", "A1A1A1"},
                             {"S-102", "22222222", "B2B2B2"},
                             {"S-103", "33333333", "C3C3C3"},
                             {"S-104", "44444444", "D4D4D4"}};

study::Registry a_registry() {
    const fs::path cases = fs::path(LABRELAY_SOURCE_DIR) / "mappings/NCT05872659/cases";
    study::Registry registry;
    std::int64_t id = 1;
    for (const Owner& owner : kOwners) {
        study::Subject person;
        person.id = SubjectId{id++};
        person.study = "NCT05872659";
        person.site = "QILU";
        person.subject_no = owner.number;
        person.screening_no = std::string("SCR") + owner.number;
        person.identifiers = {{"QILU-MRN", owner.patient}};
        person.consent_date = test::iso("2024-01-08");
        person.first_infusion = test::iso("2024-01-22T10:30");
        registry = registry.with(person);
        study::RegisteredSpecimen specimen;
        specimen.name = {"QILU-ACC", owner.specimen};
        specimen.subject_no = owner.number;
        specimen.collected_at = test::iso("2024-04-22T08:10");
        registry = registry.with(specimen);
    }
    auto subjects = mapping::read_subjects(bytes_of(cases / "subjects.csv"), "subjects.csv",
                                           test::shipped_configuration());
    for (mapping::SubjectRow& row : subjects.rows) {
        row.subject.id = SubjectId{id++};
        registry = registry.with(std::move(row.subject));
    }
    auto specimens = mapping::read_specimens(bytes_of(cases / "specimens.csv"), "specimens.csv",
                                             test::shipped_configuration());
    for (mapping::SpecimenRow& row : specimens.rows) {
        registry = registry.with(std::move(row.specimen));
    }
    return registry;
}

std::string with_owners(std::string text) {
    for (std::size_t i = 0; i < std::size(kOwners); ++i) {
        for (const auto& [mark, word] :
             {std::pair{"<P", kOwners[i].patient}, std::pair{"<S", kOwners[i].specimen}}) {
            const std::string what = mark + std::to_string(i + 1) + ">";
            for (std::size_t at = 0; (at = text.find(what)) != text.npos;) {
                text.replace(at, what.size(), word);
            }
        }
    }
    return text;
}

std::string flow_message(bool specimen_first) {
    std::string text =
        "MSH|^~\\&|FACSLYRIC|QILU-FLOW|L|Q|20240422143000||ORU^R01^ORU_R01|M1|P|2.5\r";
    for (int owner = 1; owner <= 4; ++owner) {
        text += fmt::format("PID|{0}||<P{0}>^^^QILU^MR\rORC|RE|P{0}|F{0}\r", owner);
        const std::string spm = fmt::format("SPM|1|<S{}>||WB|||||||P\r", owner);
        text += fmt::format("OBR|1|P{0}|F{0}|TBNK^T^99BD|||20240422081000\r", owner);
        text += specimen_first ? spm : "";
        text += fmt::format(
            "OBX|1|NM|CD3+CD4+^^99BD||{0}12|cells/uL|||||F||||||||20240422132200\rNTE|1||note\r"
            "OBX|2|NM|CD3+CD8+^^99BD||{0}55|cells/uL|||||F||||||||20240422132200\r",
            owner);
        text += specimen_first ? "" : spm;
    }
    return with_owners(text);
}

std::string molecular_message(std::string_view event) {
    std::string text = fmt::format(
        "MSH|^~\\&|COBAS5800|QILU-MOL|L|Q|20240423101500||OUL^{0}^OUL_{0}|M2|P|2.5.1|||NE|AL||"
        "UNICODE "
        "UTF-8|||LAB-29^IHE\r",
        event);
    for (int owner = 1; owner <= 4; ++owner) {
        const std::string specimen =
            fmt::format("SPM|{0}|<S{0}>&ROCHE||PLAS|||||||P\rSAC|||<S{0}>\r", owner);
        const std::string order = "OBR||||HIV1^HIV-1 RNA^99ROC\rORC|SC||||CM\r";
        text += event == "R24" ? order + specimen : specimen + order;
        text += fmt::format(
            "OBX|1|NM|HIV1^^99ROC|1|{0}67|copies/mL|||||F||||||||20240423093000\r"
            "NTE|1||note\r",
            owner);
    }
    return with_owners(text);
}

std::string run_of_the_4800() {
    std::string text =
        "MSH|^~\\&|cobas 4800|QILU-MOL|L|Q|20240423101500||OUL^R22^OUL_R22|M3|P|2.5.1\r";
    for (int owner = 1; owner <= 4; ++owner) {
        text += fmt::format(
            "SPM|{0}|<S{0}>&ROCHE||\"\"|||||||Q^^HL70369\rSAC|||<S{0}>\rOBR||\"\"||0BHIV1^^99ROC\r"
            "ORC|SC||||CM\rOBX|1|ST|0BHIV1^^99ROC|1.1|{0}.67E+02 "
            "cp/mL|1/mL|||||F||||||||20240423093000\r",
            owner);
    }
    return with_owners(text);
}

std::string specimens_last() {
    std::string text =
        "MSH|^~\\&|MIDDLEWARE|QILU-MOL|L|Q|t||OUL^R22^OUL_R22|M4|P|2.5.1\rOBR|1|||HIVVL\r";
    for (int owner = 1; owner <= 4; ++owner) {
        text += fmt::format("OBX|{0}|NM|HIVVL|{0}|{0}25|copies/mL|||||F||||||||20240422113000\r",
                            owner);
    }
    for (int owner = 1; owner <= 4; ++owner) {
        text += fmt::format("SPM|{0}|<S{0}>\r", owner);
    }
    return with_owners(text);
}

std::vector<Original> originals() {
    std::vector<Original> all{{"flow", flow_message(false), true},
                              {"flow, specimen first", flow_message(true), true},
                              {"OUL^R22", molecular_message("R22"), true},
                              {"OUL^R23", molecular_message("R23"), true},
                              {"OUL^R24", molecular_message("R24"), true},
                              {"run of the 4800", run_of_the_4800(), true},
                              {"specimens last", specimens_last(), true}};
    const fs::path root = LABRELAY_SOURCE_DIR;
    for (const fs::path& folder :
         {root / "mappings", root / "samples", root / "../shared/cases/analyzers",
          root / "../../shared/cases/analyzers"}) {
        if (!fs::is_directory(folder)) {
            continue;
        }
        std::vector<fs::path> files;
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
            if (entry.path().extension() == ".hl7") {
                files.push_back(entry.path());
            }
        }
        std::sort(files.begin(), files.end());
        for (const fs::path& file : files) {
            all.push_back({file.filename().string(), bytes_of(file), false});
        }
    }
    return all;
}

/// The nearest segment of that name before (or after) an OBX, within its patient; nothing where a
/// PID comes first.
std::optional<hl7::Segment> nearest(const hl7::Message& message, std::size_t obx,
                                    std::string_view id, bool before) {
    for (std::size_t at = obx; at > 1 && at <= message.segment_count();) {
        at = before ? at - 1 : at + 1;
        if (at < 2 || at > message.segment_count()) {
            return std::nullopt;
        }
        const hl7::Segment segment = message.segment(at);
        if (segment.id() == id) {
            return segment;
        }
        if (segment.id() == "PID") {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

bool holds(const hl7::Segment& segment, std::string_view word) {
    for (std::size_t field = 1; field <= segment.field_count(); ++field) {
        for (const hl7::Element& repetition : segment.field(field).repetitions()) {
            for (const hl7::Element& component : repetition.components()) {
                for (const hl7::Element& part : component.subcomponents()) {
                    const std::string text = part.text();
                    if (text.find(word) != text.npos) {
                        return true;
                    }
                }
            }
        }
    }
    return false;
}

class Oracle {
public:
    Oracle(const study::Registry& registry, const hl7::Message& message)
        : registry_(registry), message_(message) {}

    /// Nothing, or what is wrong with the observation.
    std::string judge(const study::ProposedObservation& proposed) const {
        const auto obx = message_.find("OBX", static_cast<std::size_t>(proposed.ordinal));
        if (!obx) {
            return "there is no such OBX";
        }
        if (proposed.disposition != study::Disposition::stored) {
            return {};
        }
        if (std::string wrong = judge_value(proposed, *obx); !wrong.empty()) {
            return wrong;
        }
        if (std::string wrong = judge_patient(proposed, obx->position()); !wrong.empty()) {
            return wrong;
        }
        return judge_specimen(proposed, obx->position());
    }

private:
    /// OBX-5 of its own; of another OBX of the same order only where its own says nothing.
    std::string judge_value(const study::ProposedObservation& proposed,
                            const hl7::Segment& obx) const {
        const std::string own = obx.field(5).text_with_delimiters();
        if (proposed.value.value_reported == own) {
            return {};
        }
        if (!own.empty() && own != "ValueNotSet" && obx.field(5).has_value()) {
            return fmt::format("the value is {}, sent was {}", proposed.value.value_reported, own);
        }
        for (std::size_t at = obx.position() + 1; at <= message_.segment_count(); ++at) {
            const hl7::Segment next = message_.segment(at);
            if (next.id() == "OBR" || next.id() == "PID") {
                break;
            }
            if (next.id() == "OBX" &&
                next.field(5).text_with_delimiters() == proposed.value.value_reported) {
                return {};
            }
        }
        return fmt::format("the value is {}, which nobody sent", proposed.value.value_reported);
    }

    std::string judge_patient(const study::ProposedObservation& proposed, std::size_t obx) const {
        const auto pid = nearest(message_, obx, "PID", true);
        for (const study::Identifier& identifier : proposed.patient) {
            if (!pid || !holds(*pid, identifier.value)) {
                return "the patient's number stands in another PID";
            }
        }
        for (const SubjectId id : proposed.subjects) {
            const study::Subject* subject = registry_.subject(id);
            const bool by_number =
                std::any_of(proposed.patient.begin(), proposed.patient.end(), [&](const auto& one) {
                    return std::find(subject->identifiers.begin(), subject->identifiers.end(),
                                     one) != subject->identifiers.end();
                });
            const study::RegisteredSpecimen* specimen =
                proposed.specimen_name ? registry_.specimen(*proposed.specimen_name) : nullptr;
            bool by_specimen = false;
            if (specimen != nullptr) {
                for (const study::Subject* owner : registry_.subjects_of(*specimen)) {
                    by_specimen = by_specimen || owner->id == id;
                }
            }
            if (!by_number && !(proposed.patient.empty() && by_specimen)) {
                return "the subject has neither the patient's number nor the specimen";
            }
        }
        return {};
    }

    std::string judge_specimen(const study::ProposedObservation& proposed, std::size_t obx) const {
        if (!proposed.specimen_name) {
            return {};
        }
        const std::string& id = proposed.specimen_name->specimen;
        if (const auto sub_id = message_.segment(obx).field(4).text();
            proposed_by_sub_id(sub_id, id)) {
            return {};
        }
        for (const std::string_view name : {"SPM", "SAC", "OBR"}) {
            for (const bool before : {true, false}) {
                const auto found = nearest(message_, obx, name, before);
                if (found && holds(*found, id) && !(name == "OBR" && !before)) {
                    return {};
                }
            }
        }
        return "the specimen is no neighbour of the observation";
    }

    /// The source that writes its specimens last.
    bool proposed_by_sub_id(std::string_view sub_id, std::string_view id) const {
        if (message_.header().field(3).text() != "MIDDLEWARE") {
            return false;
        }
        for (std::size_t nth = 1; nth <= message_.count("SPM"); ++nth) {
            const hl7::Segment spm = *message_.find("SPM", nth);
            if (spm.field(1).text() == sub_id.substr(0, sub_id.find_first_of("./-")) &&
                holds(spm, id)) {
                return true;
            }
        }
        return false;
    }

    const study::Registry& registry_;
    const hl7::Message& message_;
};

/// What a mutation that touches no owner must leave: the value's own owner.
std::string judge_owner(const study::ProposedObservation& proposed,
                        const study::Registry& registry) {
    if (proposed.disposition != study::Disposition::stored || !proposed.value.value_num) {
        return {};
    }
    const std::string number = proposed.value.value_num->to_string();
    const std::size_t owner = static_cast<std::size_t>(number.at(0) - '1');
    for (const SubjectId id : proposed.subjects) {
        const study::Subject* subject = registry.subject(id);
        if (owner >= std::size(kOwners) || subject->subject_no != kOwners[owner].number) {
            return fmt::format("{} went to {}", number, subject->subject_no);
        }
    }
    return {};
}

pipeline::Arrival an_arrival(std::size_t id) {
    pipeline::Arrival arrival;
    arrival.message_id = MessageId{static_cast<std::int64_t>(id) + 1};
    arrival.received_at = Instant{std::int64_t{1'893'456'000} * 1'000'000};  // 2030
    arrival.ack_id = "A";
    return arrival;
}

struct Tally {
    std::size_t made = 0;
    std::size_t accepted = 0;
    std::size_t stored = 0;
    std::size_t held = 0;
    std::size_t ignored = 0;
};

class Conservation : public ::testing::Test {
protected:
    /// Nothing, or what is wrong.
    std::string judge(const Original& original, const std::string& bytes,
                      const Mutation& mutation) {
        const mapping::Configuration& configuration = test::shipped_configuration();
        const study::Proposal proposal = pipeline::process(
            bytes, an_arrival(tally_.made), configuration, registry_, mapping::Lineage::left_out);
        ++tally_.made;
        const study::Outcome outcome =
            study::decide(study::DecideInput{proposal, {}, configuration.rules(), registry_, {}});
        if (!outcome.counts.balanced()) {
            return "the balance sheet does not balance";
        }
        if (proposal.refused) {
            return proposal.observations.empty() ? "" : "refused, and something was read";
        }
        ++tally_.accepted;
        tally_.stored += static_cast<std::size_t>(outcome.counts.stored);
        tally_.held += static_cast<std::size_t>(outcome.counts.held);
        tally_.ignored += static_cast<std::size_t>(outcome.counts.ignored);
        const mapping::SourceDefinition* source = configuration.source(proposal.source);
        auto decoded =
            hl7::decode_message(bytes, source != nullptr ? source->charset : hl7::Charset::utf_8);
        if (!decoded) {
            return "accepted, and not decoded";
        }
        hl7::ParseOptions options;
        options.charset = decoded->charset;
        const auto message = hl7::Message::parse(std::move(decoded->text), options);
        if (!message) {
            return "accepted, and not parsed";
        }
        if (message->count("OBX") != proposal.observations.size() ||
            proposal.observations.size() != static_cast<std::size_t>(outcome.counts.received)) {
            return "an observation is missing";
        }
        return judge_observations(original, proposal, *message, mutation);
    }

    std::string judge_observations(const Original& original, const study::Proposal& proposal,
                                   const hl7::Message& message, const Mutation& mutation) const {
        const Oracle oracle(registry_, message);
        for (const study::ProposedObservation& proposed : proposal.observations) {
            std::string wrong = oracle.judge(proposed);
            if (wrong.empty() && original.owners_in_values && mutation.keeps_owners &&
                mutation.keeps_values) {
                wrong = judge_owner(proposed, registry_);
            }
            if (!wrong.empty()) {
                return fmt::format("OBX[{}]: {}", proposed.ordinal, wrong);
            }
        }
        return {};
    }

    static std::string shown(std::string bytes) {
        std::replace(bytes.begin(), bytes.end(), '\r', '\n');
        return bytes;
    }

    const study::Registry registry_ = a_registry();
    Tally tally_;
};

TEST_F(Conservation, OfEveryOriginal) {
    for (const Original& original : originals()) {
        EXPECT_EQ(judge(original, original.bytes, {}), "") << original.name;
    }
    EXPECT_GT(tally_.stored, 150U);
}

TEST_F(Conservation, OfEveryMutant) {
    const bool is_long = std::getenv("LABRELAY_LONG") != nullptr;
    const char* seed = std::getenv("LABRELAY_SEED");
    Dice dice(seed != nullptr ? std::strtoull(seed, nullptr, 10) : 20260511);
    const std::vector<Original> all = originals();
    const std::size_t wanted = is_long ? 1'000'000 : 8'000;
    std::size_t wrong = 0;
    while (tally_.made < wanted && wrong < 5) {
        // Every other one is a message that says whose its values are.
        const Original& original =
            dice.below(2) == 0 ? all[dice.below(7)] : all[dice.below(all.size())];
        Mutant mutant(original.bytes);
        const Mutation mutation = mutant.mutate(dice);
        const std::string bytes = mutant.bytes();
        if (const std::string found = judge(original, bytes, mutation); !found.empty()) {
            ++wrong;
            ADD_FAILURE() << "mutant " << tally_.made << " of " << original.name << ": " << found
                          << "\n"
                          << mutation.what << "\n"
                          << shown(bytes);
        }
    }
    std::cout << fmt::format("{} mutants, {} accepted: {} stored, {} held, {} ignored\n",
                             tally_.made, tally_.accepted, tally_.stored, tally_.held,
                             tally_.ignored);
    EXPECT_GT(tally_.accepted, tally_.made / 2);
    EXPECT_GT(tally_.stored, tally_.made / 2);
}

}  // namespace
}  // namespace labrelay
