#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/core/ids.hpp"
#include "labrelay/crypto/secret_key.hpp"
#include "labrelay/store/raw_format.hpp"

namespace labrelay::store {

/// Packs a message's bytes and its lineage for their row: zstd, then AEAD with the row's name as
/// associated data, so that bytes cannot be moved to another message unseen. One thread at a time.
class RawCodec {
public:
    RawCodec(const crypto::SecretKey& directory_key, RawFormat format);
    RawCodec(RawCodec&&) noexcept;
    RawCodec& operator=(RawCodec&&) noexcept;
    ~RawCodec();

    RawFormat format() const { return format_; }
    static constexpr int kKeyId = 1;

    /// `part` names what of the message it is: `raw`, `lineage`, `again 2`.
    std::string pack(MessageId message, std::string_view part, std::string_view bytes);
    /// Nothing where the packed bytes do not fit the key, the row or zstd.
    std::optional<std::string> unpack(MessageId message, std::string_view part, RawFormat format,
                                      std::string_view packed) const;

private:
    struct Zstd;
    crypto::SecretKey key_;
    RawFormat format_;
    std::unique_ptr<Zstd> zstd_;
};

}  // namespace labrelay::store
