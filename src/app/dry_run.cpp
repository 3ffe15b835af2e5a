#include "labrelay/app/dry_run.hpp"

#include <fmt/format.h>
#include <iostream>

#include "labrelay/app/input.hpp"
#include "labrelay/mapping/registry_files.hpp"
#include "labrelay/pipeline/batch_answer.hpp"
#include "labrelay/pipeline/divide.hpp"
#include "labrelay/pipeline/process.hpp"

namespace labrelay::app {
namespace {

/// The time that a dry run takes for "now": late enough for every sample, the same on every day.
constexpr Instant kDryRunTime{std::int64_t{1'893'456'000} * 1'000'000};  // 2030-01-01T00:00:00Z

template <class Parsed>
bool reported(const Parsed& parsed) {
    for (const Finding& error : parsed.errors) {
        std::cerr << describe(error) << "\n";
    }
    return !parsed.errors.empty();
}

}  // namespace

DryRun::DryRun(std::shared_ptr<const mapping::Configuration> configuration,
               study::Registry registry)
    : configuration_(std::move(configuration)), registry_(std::move(registry)) {}

pipeline::Arrival DryRun::arrive() {
    pipeline::Arrival arrival;
    arrival.message_id = MessageId{next_id_++};
    arrival.received_at = kDryRunTime;
    arrival.ack_id = "DRYRUN" + std::to_string(arrival.message_id.value);
    return arrival;
}

DryRun::Answered DryRun::run(std::string_view bytes) {
    return run(bytes, arrive());
}

DryRun::Delivery DryRun::deliver(std::string_view bytes) {
    Delivery delivery;
    std::optional<hl7::Batch> batch = hl7::split_batch(bytes);
    if (!batch) {
        delivery.members.push_back(run(bytes));
        delivery.offsets.push_back(0);
        delivery.answer = delivery.members.front().answer;
        return delivery;
    }
    delivery.batch = true;
    delivery.findings = batch->findings;
    pipeline::Submission submission;
    submission.bytes = std::string(bytes);
    submission.arrival = arrive();
    // Each member is decided before the next is processed, as the committer does.
    const auto run_member = [&](std::string_view member, const pipeline::Arrival& arrival) {
        delivery.members.push_back(run(member, arrival));
        delivery.offsets.push_back(arrival.batch->offset);
        return delivery.members.back().proposal;
    };
    pipeline::divide(
        submission, *std::move(batch), *configuration_, [this] { return arrive(); }, run_member);
    std::vector<pipeline::AnsweredMember> answered;
    for (std::size_t index = 0; index < delivery.members.size(); ++index) {
        const Answered& member = delivery.members[index];
        answered.push_back(
            {submission.batch->members[index].group, member.answer, member.outcome.findings});
    }
    delivery.answer = pipeline::answer_batch(submission.batch->content, submission.arrival,
                                             submission.batch->reply, answered);
    return delivery;
}

DryRun::Answered DryRun::run(std::string_view bytes, const pipeline::Arrival& arrival) {
    Answered answered;
    answered.proposal = pipeline::process(bytes, arrival, *configuration_, registry_);
    if (store_) {
        store_->load(answered.proposal, state_);
    }
    study::DecideInput input{answered.proposal, state_, configuration_->rules(), registry_};
    input.tell_checks = true;
    answered.outcome = study::decide(input);
    answered.answer = pipeline::answer(bytes, arrival, answered.proposal, answered.outcome);
    const auto before = store_ && answered.outcome.duplicate_of
                            ? store_->message(*answered.outcome.duplicate_of)
                            : std::nullopt;
    if (before) {
        Answered again = run_again(*before);
        again.answer = std::move(answered.answer);
        return again;
    }
    apply(answered);
    return answered;
}

DryRun::Answered DryRun::run_again(const pipeline::StoredMessage& stored) {
    Answered answered;
    answered.proposal = pipeline::process(stored.bytes, stored.arrival, *configuration_, registry_,
                                          mapping::Lineage::written, stored.overlays);
    if (store_) {
        store_->load(answered.proposal, state_);
        for (const SubjectId subject :
             study::subjects_in_question(stored.observations, stored.overlays, registry_)) {
            store_->load_subject(subject, state_);
        }
    }
    answered.outcome = study::decide({answered.proposal, state_, configuration_->rules(), registry_,
                                      stored.observations, true, true, stored.overlays});
    answered.answer =
        pipeline::answer(stored.bytes, stored.arrival, answered.proposal, answered.outcome);
    answered.before = Before{stored.arrival.message_id, stored.overlays};
    apply(answered);
    return answered;
}

void DryRun::apply(const Answered& answered) {
    study::apply(answered.proposal, answered.outcome, state_);
    for (const study::LearnedSpecimen& learned : answered.outcome.learned) {
        registry_ = registry_.with(learned.specimen);
    }
}

study::SubjectState DryRun::stored_of(SubjectId subject) const {
    const auto found = state_.subjects.find(subject);
    return found == state_.subjects.end() ? study::SubjectState{subject, {}} : found->second;
}

std::string member_heading(const DryRun::Delivery& delivery, std::size_t index) {
    if (!delivery.batch) {
        return {};
    }
    return fmt::format("{}message {} of {} (byte {})\n", index == 0 ? "" : "\n", index + 1,
                       delivery.members.size(), delivery.offsets[index]);
}

std::shared_ptr<const mapping::Configuration> load_or_report(const std::string& directory) {
    mapping::Loaded loaded = mapping::load_configuration(directory);
    for (const Finding& finding : loaded.errors) {
        std::cerr << "error " << describe(finding) << "\n";
    }
    return loaded.configuration;
}

std::optional<study::Registry> registry_from_files(const std::string& subjects_csv,
                                                   const std::string& specimens_csv,
                                                   const mapping::Configuration& configuration) {
    study::Registry registry;
    std::int64_t next_subject = 1;
    if (!subjects_csv.empty()) {
        const Result<std::string> text = read_input(subjects_csv);
        if (!text) {
            std::cerr << describe(text.error()) << "\n";
            return std::nullopt;
        }
        mapping::SubjectsFile file = mapping::read_subjects(*text, subjects_csv, configuration);
        if (reported(file)) {
            return std::nullopt;
        }
        for (mapping::SubjectRow& row : file.rows) {
            row.subject.id = SubjectId{next_subject++};
            registry = registry.with(std::move(row.subject));
        }
    }
    if (!specimens_csv.empty()) {
        const Result<std::string> text = read_input(specimens_csv);
        if (!text) {
            std::cerr << describe(text.error()) << "\n";
            return std::nullopt;
        }
        mapping::SpecimensFile file = mapping::read_specimens(*text, specimens_csv, configuration);
        if (reported(file)) {
            return std::nullopt;
        }
        for (mapping::SpecimenRow& row : file.rows) {
            registry = registry.with(std::move(row.specimen));
        }
    }
    return registry;
}

}  // namespace labrelay::app
