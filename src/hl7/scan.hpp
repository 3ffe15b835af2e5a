#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace labrelay::hl7 {

/// Looking for single bytes in many at once: 64 bytes a step, one bit a byte. SSE2 where the
/// machine has it (every x86-64), plain C++ elsewhere; the results are the same.
inline constexpr std::size_t kBlock = 64;

struct BlockMasks {
    std::uint64_t fields = 0;     ///< the field separator
    std::uint64_t line_ends = 0;  ///< CR and LF
};

#if defined(__SSE2__)

inline __m128i load16(const char* data) {
    __m128i bytes;
    std::memcpy(&bytes, data, sizeof bytes);
    return bytes;
}

inline BlockMasks scan_block(const char* data, char field) {
    const __m128i fields = _mm_set1_epi8(field);
    const __m128i cr = _mm_set1_epi8('\r');
    const __m128i lf = _mm_set1_epi8('\n');
    BlockMasks masks;
    for (unsigned part = 0; part < 4; ++part) {
        const __m128i bytes = load16(data + 16 * part);
        const int field_bits = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, fields));
        const int end_bits =
            _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, cr), _mm_cmpeq_epi8(bytes, lf)));
        masks.fields |= static_cast<std::uint64_t>(field_bits) << (16 * part);
        masks.line_ends |= static_cast<std::uint64_t>(end_bits) << (16 * part);
    }
    return masks;
}

/// Whether any of the 16 bytes is 0x80 or more.
inline bool has_high_byte16(const char* data) {
    return _mm_movemask_epi8(load16(data)) != 0;
}

#else

inline BlockMasks scan_block(const char* data, char field) {
    BlockMasks masks;
    for (unsigned i = 0; i < kBlock; ++i) {
        const std::uint64_t bit = std::uint64_t{1} << i;
        masks.fields |= data[i] == field ? bit : 0;
        masks.line_ends |= data[i] == '\r' || data[i] == '\n' ? bit : 0;
    }
    return masks;
}

inline bool has_high_byte16(const char* data) {
    std::array<std::uint64_t, 2> words{};
    std::memcpy(words.data(), data, sizeof words);
    return ((words[0] | words[1]) & 0x8080808080808080U) != 0;
}

#endif

/// Offset of the first byte of 0x80 or more at or after `from`; the size where there is none.
inline std::size_t first_high_byte(std::string_view bytes, std::size_t from = 0) {
    while (bytes.size() - from >= 16 && !has_high_byte16(bytes.data() + from)) {
        from += 16;
    }
    while (from < bytes.size() && static_cast<unsigned char>(bytes[from]) < 0x80) {
        ++from;
    }
    return from;
}

/// Offset of the first of two bytes; the size where there is none. Two passes of memchr are an
/// order of magnitude faster than find_first_of.
inline std::size_t find_either(std::string_view text, char a, char b) {
    const std::size_t first = std::min(text.find(a), text.size());
    return std::min(text.substr(0, first).find(b), first);
}

/// Where the first line ends.
inline std::size_t find_line_end(std::string_view text) {
    return find_either(text, '\r', '\n');
}

/// Calls `visit(piece, offset)` for every piece between separators; one piece where there is none.
template <class Visit>
void for_each_piece(std::string_view text, char separator, Visit visit) {
    std::size_t begin = 0;
    const auto next = [&] { return separator == 0 ? text.npos : text.find(separator, begin); };
    for (std::size_t end = next(); end != text.npos; end = next()) {
        visit(text.substr(begin, end - begin), begin);
        begin = end + 1;
    }
    visit(text.substr(begin), begin);
}

}  // namespace labrelay::hl7
