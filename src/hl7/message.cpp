#include "labrelay/hl7/message.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "message_index.hpp"

namespace labrelay::hl7 {
namespace {

const MessageIndex::SegmentEntry& entry_at(const MessageIndex& index, std::size_t position) {
    return index.segments[position - 1];
}

}  // namespace

std::string_view Segment::id() const {
    return index_->id_of(entry_at(*index_, position_));
}

std::size_t Segment::occurrence() const {
    return entry_at(*index_, position_).occurrence;
}

std::string Segment::label() const {
    std::string label(id());
    if (const std::size_t number = occurrence(); number > 1) {
        label += '[';
        label += std::to_string(number);
        label += ']';
    }
    return label;
}

std::size_t Segment::offset() const {
    return entry_at(*index_, position_).begin;
}

std::string_view Segment::raw() const {
    const auto& entry = entry_at(*index_, position_);
    return std::string_view(index_->text).substr(entry.begin, entry.end - entry.begin);
}

std::size_t Segment::field_count() const {
    const auto& entry = entry_at(*index_, position_);
    const bool counts_separator = is_header_name(index_->name_of(entry));
    return entry.separator_count + (counts_separator && entry.separator_count > 0 ? 1U : 0U);
}

Element Segment::field(std::size_t number) const {
    const auto& entry = entry_at(*index_, position_);
    const bool header = is_header_name(index_->name_of(entry));
    if (number == 0 || number > field_count()) {
        return {};
    }
    const std::string_view text = index_->text;
    if (header && number == 1) {
        const std::size_t at = index_->separators[entry.first_separator];
        return {text.substr(at, 1), at, &index_->notation, Element::Level::field, true};
    }
    const std::size_t nth = header ? number - 1 : number;
    const std::size_t last = entry.first_separator + nth - 1;
    const std::size_t begin = index_->separators[last] + std::size_t{1};
    const std::size_t end = nth < entry.separator_count ? index_->separators[last + 1] : entry.end;
    return {text.substr(begin, end - begin), begin, &index_->notation, Element::Level::field,
            header && number == 2};
}

Message::Message(std::unique_ptr<MessageIndex> index) : index_(std::move(index)) {}
Message::Message(Message&&) noexcept = default;
Message& Message::operator=(Message&&) noexcept = default;
Message::~Message() = default;

std::string_view Message::text() const& {
    return index_->text;
}

const Delimiters& Message::delimiters() const& {
    return index_->notation.delimiters;
}

LineEnd Message::line_end() const {
    return index_->line_end;
}

std::size_t Message::segment_count() const {
    return index_->segments.size();
}

Segment Message::segment(std::size_t position) const& {
    return {index_.get(), position};
}

std::optional<Segment> Message::find(std::string_view id, std::size_t occurrence) const& {
    if (id.size() != 3) {
        return std::nullopt;
    }
    const NameTable::Entry* name = index_->names.find(pack_name(id));
    if (name == nullptr || occurrence == 0 || occurrence > name->count) {
        return std::nullopt;
    }
    return Segment{index_.get(), index_->positions[name->first + occurrence - 1]};
}

std::size_t Message::count(std::string_view id) const {
    const NameTable::Entry* name = id.size() == 3 ? index_->names.find(pack_name(id)) : nullptr;
    return name == nullptr ? 0 : name->count;
}

const std::vector<Finding>& Message::findings() const& {
    return index_->findings;
}

Place Message::place_of(std::size_t offset) const {
    const auto& segments = index_->segments;
    const auto next =
        std::upper_bound(segments.begin(), segments.end(), offset,
                         [](std::size_t at, const auto& entry) { return at < entry.begin; });
    if (next == segments.begin()) {
        return {"", offset};
    }
    const Segment found{index_.get(), static_cast<std::size_t>(next - segments.begin())};
    const auto& entry = entry_at(*index_, found.position());
    std::size_t low = 0;
    std::size_t high = entry.separator_count;
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (index_->separators[entry.first_separator + middle] < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const bool header = is_header_name(index_->name_of(entry));
    const std::size_t field = low + (header && offset >= entry.begin + 3 ? 1U : 0U);
    if (field == 0) {
        return {found.label(), offset};
    }
    return {fmt::format("{}-{}", found.label(), field), offset};
}

std::string Message::encode() const {
    return index_->text;
}

}  // namespace labrelay::hl7
