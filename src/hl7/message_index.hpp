#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/finding.hpp"
#include "labrelay/hl7/message.hpp"

namespace labrelay::hl7 {

/// Three characters as one number, so that names compare in one step.
constexpr std::uint32_t pack_name(std::string_view id) {
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(id[i]));
    };
    return byte(0) | byte(1) << 8 | byte(2) << 16;
}

inline constexpr std::uint32_t kMsh = pack_name("MSH");
inline constexpr std::uint32_t kFhs = pack_name("FHS");
inline constexpr std::uint32_t kBhs = pack_name("BHS");

/// Field 1 of these is the separator itself.
constexpr bool is_header_name(std::uint32_t name) {
    return name == kMsh || name == kFhs || name == kBhs;
}

/// Growing array of offsets that is never filled with zeros first: the scanner writes up to 64 a
/// step.
class OffsetList {
public:
    explicit OffsetList(std::size_t capacity = 0)
        : data_(std::make_unique_for_overwrite<std::uint32_t[]>(capacity)), capacity_(capacity) {}

    void reserve_more(std::size_t count) {
        if (capacity_ - size_ >= count) {
            return;
        }
        const std::size_t capacity = capacity_ * 2 + count;
        auto data = std::make_unique_for_overwrite<std::uint32_t[]>(capacity);
        std::memcpy(data.get(), data_.get(), size_ * sizeof(std::uint32_t));
        data_ = std::move(data);
        capacity_ = capacity;
    }
    void push_reserved(std::uint32_t offset) { data_[size_++] = offset; }
    std::size_t size() const { return size_; }
    std::uint32_t operator[](std::size_t i) const { return data_[i]; }

private:
    std::unique_ptr<std::uint32_t[]> data_;
    std::size_t capacity_ = 0;
    std::size_t size_ = 0;
};

/// The distinct segment names of a message, numbered in order of appearance; a small hash table,
/// because a hostile message can have tens of thousands.
class NameTable {
public:
    struct Entry {
        std::uint32_t name = 0;
        std::uint32_t count = 0;  ///< segments of this name
        std::uint32_t first = 0;  ///< where their positions begin in MessageIndex::positions
    };

    std::uint32_t add(std::uint32_t name) {
        if (last_ < entries_.size() && entries_[last_].name == name) {
            return last_;
        }
        if ((entries_.size() + 1) * 2 > slots_.size()) {
            grow();
        }
        std::uint32_t& slot = slots_[slot_of(name)];
        if (slot == 0) {
            entries_.push_back({name, 0, 0});
            slot = static_cast<std::uint32_t>(entries_.size());
        }
        last_ = slot - 1;
        return last_;
    }
    const Entry* find(std::uint32_t name) const {
        if (slots_.empty()) {
            return nullptr;
        }
        const std::uint32_t slot = slots_[slot_of(name)];
        return slot == 0 ? nullptr : &entries_[slot - 1];
    }
    std::vector<Entry>& entries() { return entries_; }
    const std::vector<Entry>& entries() const { return entries_; }

private:
    std::size_t slot_of(std::uint32_t name) const {
        std::size_t slot = (name * 2654435761U >> 12) & (slots_.size() - 1);
        while (slots_[slot] != 0 && entries_[slots_[slot] - 1].name != name) {
            slot = (slot + 1) & (slots_.size() - 1);
        }
        return slot;
    }
    void grow() {
        slots_.assign(slots_.empty() ? 32 : slots_.size() * 2, 0);
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            slots_[slot_of(entries_[i].name)] = static_cast<std::uint32_t>(i + 1);
        }
    }

    std::vector<Entry> entries_;
    std::vector<std::uint32_t> slots_;  ///< number of the entry, from 1; 0: free
    std::uint32_t last_ = 0;
};

/// What Message owns: the text, and where its segments and fields begin. Repetitions and below are
/// split when asked for.
struct MessageIndex {
    struct SegmentEntry {
        std::uint32_t begin = 0;
        std::uint32_t end = 0;              ///< without terminator
        std::uint32_t first_separator = 0;  ///< in `separators`
        std::uint32_t separator_count = 0;
        std::uint32_t name = 0;        ///< in `names`
        std::uint32_t occurrence = 0;  ///< from 1
    };

    std::string text;
    Notation notation;
    LineEnd line_end = LineEnd::none;
    OffsetList separators;
    std::vector<SegmentEntry> segments;
    NameTable names;
    std::vector<std::uint32_t> positions;  ///< of all segments, sorted by name, then by position
    std::vector<Finding> findings;

    std::string_view id_of(const SegmentEntry& segment) const {
        return std::string_view(text).substr(segment.begin, 3);
    }
    std::uint32_t name_of(const SegmentEntry& segment) const {
        return names.entries()[segment.name].name;
    }
};

/// Findings about the order of segments, appended to the index (message_findings.cpp).
void find_order_oddities(MessageIndex& index);

}  // namespace labrelay::hl7
