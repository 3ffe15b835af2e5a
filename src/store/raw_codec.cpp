#include "raw_codec.hpp"

#include <zstd.h>

#include "labrelay/crypto/aead.hpp"
#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::store {
namespace {

constexpr int kLevel = 1;
constexpr unsigned long long kLargestMessage = 256ULL << 20;

std::string associated_data(MessageId message, std::string_view part) {
    std::string text(part);
    text += ' ';
    text += std::to_string(message.value);
    return text;
}

}  // namespace

struct RawCodec::Zstd {
    struct Free {
        void operator()(ZSTD_CCtx* freed) const { ZSTD_freeCCtx(freed); }
    };
    std::unique_ptr<ZSTD_CCtx, Free> context{ZSTD_createCCtx()};

    std::string compress(std::string_view bytes) {
        std::string packed(ZSTD_compressBound(bytes.size()), '\0');
        const std::size_t size = ZSTD_compressCCtx(context.get(), packed.data(), packed.size(),
                                                   bytes.data(), bytes.size(), kLevel);
        if (ZSTD_isError(size) != 0)
            throw pipeline::StoreFault(std::string("zstd: ") + ZSTD_getErrorName(size), true);
        packed.resize(size);
        return packed;
    }

    static std::optional<std::string> expand(std::string_view packed) {
        const auto size_said = ZSTD_getFrameContentSize(packed.data(), packed.size());
        if (size_said > kLargestMessage) return std::nullopt;  // also its two error values
        std::string bytes(size_said, '\0');
        const std::size_t got =
            ZSTD_decompress(bytes.data(), bytes.size(), packed.data(), packed.size());
        if (ZSTD_isError(got) != 0 || got != size_said) return std::nullopt;
        return bytes;
    }
};

RawCodec::RawCodec(const crypto::SecretKey& directory_key, RawFormat format)
    : key_(directory_key.derive("raw")), format_(format), zstd_(std::make_unique<Zstd>()) {}
RawCodec::RawCodec(RawCodec&&) noexcept = default;
RawCodec& RawCodec::operator=(RawCodec&&) noexcept = default;
RawCodec::~RawCodec() = default;

std::string RawCodec::pack(MessageId message, std::string_view part, std::string_view bytes) {
    switch (format_) {
        case RawFormat::purged:
            return {};
        case RawFormat::plain:
            return std::string(bytes);
        case RawFormat::zstd:
            return zstd_->compress(bytes);
        case RawFormat::sealed:
            break;
    }
    return crypto::seal(key_, zstd_->compress(bytes), associated_data(message, part));
}

std::optional<std::string> RawCodec::unpack(MessageId message, std::string_view part,
                                            RawFormat format, std::string_view packed) const {
    switch (format) {
        case RawFormat::purged:
            return std::nullopt;
        case RawFormat::plain:
            return std::string(packed);
        case RawFormat::zstd:
            return Zstd::expand(packed);
        case RawFormat::sealed:
            break;
    }
    const auto plain = crypto::open_sealed(key_, packed, associated_data(message, part));
    if (!plain) return std::nullopt;
    return Zstd::expand(*plain);
}

}  // namespace labrelay::store
