#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "labrelay/crypto/secret_key.hpp"
#include "labrelay/delivery/outbox.hpp"
#include "labrelay/study/registry.hpp"
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
          reader_(database, terms, specimens),
          results_key_(results_key) {}

    /// Nothing where there is no such result.
    std::optional<delivery::DeliveredResult> publish(SubjectId subject, std::int64_t number);

private:
    struct KnownSubject {
        std::int64_t fact_id = 0;
        study::Subject subject;
        std::string stable_key;
    };
    const KnownSubject& subject(SubjectId id);
    std::optional<study::ResultValue> baseline(const study::ResultRecord& record);
    std::string received_at(MessageId message);
    const std::string& config_hash(std::int64_t config_id);
    void add_origins(delivery::DeliveredResult& result);
    std::int64_t config_of(const study::ResultRecord& record, const study::StoredVersion& version);
    std::optional<std::int64_t> number_of(SubjectId subject, ObservationId id);
    std::vector<std::string> derived_from(const study::ResultRecord& record,
                                          const KnownSubject& known);

    Connection& database_;
    Terms& terms_;
    ResultReader reader_;
    const crypto::SecretKey& results_key_;
    std::unordered_map<SubjectId, KnownSubject> subjects_;
    std::map<std::int64_t, std::string> config_hashes_;
};

}  // namespace labrelay::store
