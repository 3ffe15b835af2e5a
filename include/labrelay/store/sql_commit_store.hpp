#pragma once

#include <memory>
#include <span>
#include <vector>

#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::store {

/// The committer's store, on SQLite or PostgreSQL. One thread uses it; between begin() and commit()
/// or rollback() it holds the writer's gate, so nothing else of this module that writes may be
/// called by that thread meanwhile.
///
/// After a StoreFault at commit the connection is closed; reopen() or the next begin() opens it
/// anew. What only reads may also be called outside a transaction.
class SqlCommitStore final : public pipeline::CommitStore {
public:
    explicit SqlCommitStore(StoreWriter& writer);
    ~SqlCommitStore() override;

    void begin() override;
    void commit() override;
    void rollback() override;
    void reopen() override;

    study::Registry prepare(std::span<const study::Proposal* const> proposals,
                            const study::Registry& registry, study::StateView& state) override;
    std::shared_ptr<const mapping::Configuration> other_configuration(
        std::string_view hash) override;
    bool shared() const override;
    void load(const study::Proposal& proposal, study::StateView& state) override;
    void load_subject(SubjectId subject, study::StateView& state) override;
    std::optional<pipeline::Answer> answer_of(MessageId message) override;
    std::optional<pipeline::StoredAnswer> find(MessageId message, std::string_view bytes) override;

    void write(const pipeline::CommitItem& item) override;
    void write_again(const pipeline::CommitItem& item) override;
    void write_placements(SubjectId subject, const study::Replacement& replacement) override;
    void write_quarantine(std::string_view bytes, const pipeline::Arrival& arrival,
                          Code why) override;

    study::Registry take_registry(const study::Registry& registry) override;
    study::Registry write_registry(const study::Registry& before,
                                   const pipeline::RegistryChange& change) override;
    study::Registry load_registry() override;

    std::optional<pipeline::Job> next_job() override;
    void finish_job(std::int64_t id) override;
    std::optional<pipeline::StoredMessage> load_message(MessageId message) override;

    MessageId last_message_id() override;
    void remember_configuration(std::string_view hash, std::string_view description) override;

    /// The newest registry fact: learned specimens raise it by one each where they say something
    /// new.
    std::int64_t registry_version();

private:
    struct Batch;
    class Turn;
    void add_subject(SubjectId subject, study::StateView& state);
    void take(const std::vector<SubjectId>& subjects, study::StateView& state);
    void forget_transaction();

    StoreWriter::Core& core_;
    std::unique_ptr<Batch> batch_;
};

}  // namespace labrelay::store
