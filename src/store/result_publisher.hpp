#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "labrelay/crypto/secret_key.hpp"
#include "labrelay/delivery/outbox.hpp"
#include "labrelay/study/registry.hpp"
#include "post_lock_tables.hpp"
#include "result_reader.hpp"

namespace labrelay::store {

/// Makes of a result what a study database may know of it. Reads from any connection, which must be
/// inside one transaction for one call of publish(). Borrowed parts must outlive it.
class ResultPublisher {
public:
    ResultPublisher(Connection& database, Terms& terms, Specimens& specimens,
                    const crypto::SecretKey& results_key)
        : database_(database),
          terms_(terms),
          specimens_(specimens),
          reader_(database, terms, specimens),
          results_key_(results_key) {}

    /// A new transaction: what was read in the one before may have changed.
    void begin();
    /// The subject's results, as they are until the next begin().
    const study::SubjectState& state(SubjectId subject);
    /// Reads at once what state() and publish() would ask for row by row.
    void read_ahead(SubjectId subject);
    /// Nothing where there is no such result.
    std::optional<delivery::DeliveredResult> publish(SubjectId subject, std::int64_t number);
    /// What this study database is to hold: of a result that is kept back (withholding.hpp) what it
    /// was told before. Nothing where it was told nothing. Throws StoreFault where there is no such
    /// result.
    std::optional<delivery::DeliveredResult> for_target(SubjectId subject, std::int64_t number,
                                                        std::string_view target);

private:
    struct KnownSubject {
        std::int64_t fact_id = 0;
        std::int64_t looked_up_in = -1;  ///< number of the transaction
        study::Subject subject;
        std::string stable_key;
    };
    const KnownSubject& subject(SubjectId id);
    /// `target` empty: whatever the targets hold.
    delivery::DeliveredResult publish(study::ResultRecord record, std::string_view target = {});
    std::optional<study::ResultValue> baseline(const study::ResultRecord& record,
                                               std::string_view target);
    /// What is said of a message's observations, asked for once.
    struct Origin {
        std::string received_at;
        struct Line {
            std::int64_t config_id = 0;
            std::int64_t subject = 0;
            std::optional<std::int64_t> number;
        };
        std::map<std::int32_t, Line> lines;
    };
    const Origin& origin(MessageId message);
    static void add_line(Origin& origin, const Query& row, int first);
    const study::ResultRecord* record(SubjectId subject, std::int64_t number);
    const std::string& config_hash(std::int64_t config_id);
    void add_origins(delivery::DeliveredResult& result);
    std::int64_t config_of(const study::ResultRecord& record, const study::StoredVersion& version);
    std::optional<std::int64_t> number_of(SubjectId subject, ObservationId id);
    std::vector<std::string> derived_from(const study::ResultRecord& record,
                                          const KnownSubject& known);

    Connection& database_;
    Terms& terms_;
    Specimens& specimens_;
    ResultReader reader_;
    const crypto::SecretKey& results_key_;
    std::unordered_map<SubjectId, KnownSubject> subjects_;
    std::map<std::int64_t, std::string> config_hashes_;
    std::optional<PostLockRow> withholding(SubjectId subject, std::int64_t number);

    // Of the transaction.
    std::int64_t transaction_ = 0;
    std::optional<bool> nothing_kept_back_;
    std::map<SubjectId, study::SubjectState> states_;
    std::map<MessageId, Origin> origins_;
};

}  // namespace labrelay::store
