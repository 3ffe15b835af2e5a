#include "mutator.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace labrelay::test {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> pieces;
    for (std::size_t at = 0;;) {
        const std::size_t end = std::min(text.find(separator, at), text.size());
        pieces.emplace_back(text.substr(at, end - at));
        if (end == text.size()) {
            return pieces;
        }
        at = end + 1;
    }
}

std::string join(const std::vector<std::string>& pieces, char separator) {
    std::string text;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        text += i == 0 ? "" : std::string(1, separator);
        text += pieces[i];
    }
    return text;
}

/// UTF-8 read as ISO 8859-1 and written as UTF-8 again: what middleware does most often.
std::string twice_encoded(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            text += c;
        } else {
            text += static_cast<char>(0xC0U | (byte >> 6U));
            text += static_cast<char>(0x80U | (byte & 0x3FU));
        }
    }
    return text;
}

}  // namespace

std::size_t Dice::below(std::size_t bound) {
    state_ ^= state_ >> 12U;
    state_ ^= state_ << 25U;
    state_ ^= state_ >> 27U;
    return static_cast<std::size_t>((state_ * 2685821657736338717ULL) >> 33U) % bound;
}

Mutant::Mutant(std::string_view bytes) : segments_(split(bytes, '\r')) {
    if (segments_.size() > 1 && segments_.back().empty()) {
        segments_.pop_back();
    }
    if (segments_[0].size() > 3) {
        field_separator_ = segments_[0][3];
    }
}

std::string Mutant::bytes() const {
    return join(segments_, '\r') + '\r';
}

Mutation Mutant::mutate(Dice& dice) {
    using Way = void (Mutant::*)(Dice&, Mutation&);
    static constexpr std::array<Way, 12> kWays{
        &Mutant::drop_segment,     &Mutant::swap_segments,    &Mutant::duplicate_segment,
        &Mutant::truncate_message, &Mutant::drop_field,       &Mutant::swap_fields,
        &Mutant::duplicate_field,  &Mutant::truncate_field,   &Mutant::redelimit_message,
        &Mutant::redelimit_field,  &Mutant::reencode_message, &Mutant::reencode_field};
    Mutation done;
    for (std::size_t times = 1 + dice.below(3); times > 0; --times) {
        (this->*kWays[dice.below(kWays.size())])(dice, done);
    }
    return done;
}

bool Mutant::owns(std::size_t segment) const {
    static constexpr std::array<std::string_view, 7> kOwners{"MSH", "PID", "PV1", "ORC",
                                                             "OBR", "SPM", "SAC"};
    const std::string_view id = std::string_view(segments_[segment]).substr(0, 3);
    return std::find(kOwners.begin(), kOwners.end(), id) != kOwners.end();
}

void Mutant::drop_segment(Dice& dice, Mutation& done) {
    const std::size_t at = dice.below(segments_.size());
    done.keeps_owners = done.keeps_owners && !owns(at);
    done.what += fmt::format("drop segment {}; ", at + 1);
    segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(at));
    if (segments_.empty()) {
        segments_.emplace_back();
    }
}

void Mutant::swap_segments(Dice& dice, Mutation& done) {
    const std::size_t one = dice.below(segments_.size());
    const std::size_t other = dice.below(segments_.size());
    done.keeps_owners = done.keeps_owners && one == other;
    done.what += fmt::format("swap segments {} and {}; ", one + 1, other + 1);
    std::swap(segments_[one], segments_[other]);
}

void Mutant::duplicate_segment(Dice& dice, Mutation& done) {
    const std::size_t at = dice.below(segments_.size());
    const bool beside = dice.below(2) == 0;
    const std::size_t to = beside ? at : dice.below(segments_.size() + 1);
    done.keeps_owners = done.keeps_owners && beside && !owns(at);
    done.what += fmt::format("segment {} again at {}; ", at + 1, to + 1);
    std::string again = segments_[at];
    segments_.insert(segments_.begin() + static_cast<std::ptrdiff_t>(to), std::move(again));
}

void Mutant::truncate_message(Dice& dice, Mutation& done) {
    std::string all = bytes();
    all.resize(dice.below(all.size()) + 1);
    const std::size_t kept = static_cast<std::size_t>(std::count(all.begin(), all.end(), '\r'));
    for (std::size_t i = kept; i < segments_.size(); ++i) {
        // What is cut off belonged to what stood before it only where it is a later owner's.
        done.keeps_owners = done.keeps_owners && !owns(i);
    }
    done.keeps_values = false;
    done.what += fmt::format("cut after {} bytes; ", all.size());
    *this = Mutant(all);
}

Mutant::FieldAt Mutant::some_field(Dice& dice) const {
    const std::size_t segment = dice.below(segments_.size());
    return {segment, dice.below(fields_of(segment).size())};
}

std::vector<std::string> Mutant::fields_of(std::size_t segment) const {
    return split(segments_[segment], field_separator_);
}

void Mutant::set_fields(std::size_t segment, const std::vector<std::string>& fields) {
    segments_[segment] = join(fields, field_separator_);
}

void Mutant::note_field(FieldAt at, Mutation& done) const {
    done.keeps_owners = done.keeps_owners && !owns(at.segment) && at.field != 0;
    done.keeps_values = done.keeps_values && at.field != 4 && at.field != 5;
}

void Mutant::drop_field(Dice& dice, Mutation& done) {
    const FieldAt at = some_field(dice);
    note_field(at, done);
    done.what += fmt::format("drop field {} of segment {}; ", at.field, at.segment + 1);
    auto fields = fields_of(at.segment);
    if (dice.below(2) == 0) {
        fields[at.field].clear();
    } else {
        fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(at.field));
        done.keeps_values = done.keeps_values && at.field > 5;
    }
    set_fields(at.segment, fields);
}

void Mutant::swap_fields(Dice& dice, Mutation& done) {
    const FieldAt one = some_field(dice);
    const FieldAt other = some_field(dice);
    note_field(one, done);
    note_field(other, done);
    done.what += fmt::format("swap field {} of segment {} and field {} of segment {}; ", one.field,
                             one.segment + 1, other.field, other.segment + 1);
    auto fields = fields_of(one.segment);
    auto other_fields = fields_of(other.segment);
    if (one.segment == other.segment) {
        std::swap(fields[one.field], fields[other.field]);
    } else {
        std::swap(fields[one.field], other_fields[other.field]);
        set_fields(other.segment, other_fields);
    }
    set_fields(one.segment, fields);
}

void Mutant::duplicate_field(Dice& dice, Mutation& done) {
    const FieldAt at = some_field(dice);
    note_field(at, done);
    done.what += fmt::format("field {} of segment {} again; ", at.field, at.segment + 1);
    auto fields = fields_of(at.segment);
    if (dice.below(2) == 0) {
        fields[at.field] += '~' + fields[at.field];
    } else {
        std::string again = fields[at.field];
        fields.insert(fields.begin() + static_cast<std::ptrdiff_t>(at.field), std::move(again));
        done.keeps_values = done.keeps_values && at.field > 5;
    }
    set_fields(at.segment, fields);
}

void Mutant::truncate_field(Dice& dice, Mutation& done) {
    const FieldAt at = some_field(dice);
    note_field(at, done);
    auto fields = fields_of(at.segment);
    fields[at.field].resize(dice.below(fields[at.field].size() + 1));
    done.what += fmt::format("cut field {} of segment {}; ", at.field, at.segment + 1);
    set_fields(at.segment, fields);
}

void Mutant::redelimit_message(Dice& dice, Mutation& done) {
    static constexpr std::string_view kOthers = "!$%*;@";
    static constexpr std::string_view kUsual = "|^~\\&";
    const char from = kUsual[dice.below(kUsual.size())];
    const char to = kOthers[dice.below(kOthers.size())];
    done.what += fmt::format("write {} for {} everywhere; ", to, from);
    for (std::string& segment : segments_) {
        // A text that holds the new delimiter already would be another text.
        done.keeps_owners = done.keeps_owners && segment.find(to) == segment.npos;
    }
    done.keeps_values = done.keeps_values && done.keeps_owners;
    for (std::string& segment : segments_) {
        std::replace(segment.begin(), segment.end(), from, to);
    }
    if (from == field_separator_) {
        field_separator_ = to;
    }
}

void Mutant::redelimit_field(Dice& dice, Mutation& done) {
    static constexpr std::string_view kDelimiters = "|^~\\&";
    const FieldAt at = some_field(dice);
    note_field(at, done);
    auto fields = fields_of(at.segment);
    std::string& field = fields[at.field];
    const char to = kDelimiters[dice.below(kDelimiters.size())];
    done.what += fmt::format("{} into field {} of segment {}; ", to, at.field, at.segment + 1);
    const std::size_t where = dice.below(field.size() + 1);
    if (where < field.size() && dice.below(2) == 0) {
        field[where] = to;
    } else {
        field.insert(where, 1, to);
    }
    if (to == '|') {
        done.keeps_values = done.keeps_values && at.field > 5;
    }
    set_fields(at.segment, fields);
}

void Mutant::reencode_message(Dice& dice, Mutation& done) {
    // What a byte means to the receiver may change everywhere.
    done.keeps_owners = false;
    done.keeps_values = false;
    if (dice.below(2) == 0) {
        static constexpr std::array<std::string_view, 6> kNames{
            "ASCII", "8859/1", "UNICODE UTF-8", "GB 18030-2000", "8859/15", "BIG-5"};
        auto fields = fields_of(0);
        fields.resize(std::max<std::size_t>(fields.size(), 18));
        fields[17] = kNames[dice.below(kNames.size())];
        done.what += "MSH-18 is " + fields[17] + "; ";
        set_fields(0, fields);
        return;
    }
    done.what += "all encoded twice; ";
    for (std::string& segment : segments_) {
        segment = twice_encoded(segment);
    }
}

void Mutant::reencode_field(Dice& dice, Mutation& done) {
    const FieldAt at = some_field(dice);
    note_field(at, done);
    auto fields = fields_of(at.segment);
    std::string& field = fields[at.field];
    switch (dice.below(4)) {
        case 0:
            field = twice_encoded(field);
            break;
        case 1:
            field += "\xc3\x28";  // no UTF-8
            break;
        case 2:
            field += "\\XC3\\";
            break;
        default:
            field += "億";
            break;
    }
    done.what += fmt::format("encode field {} of segment {} anew; ", at.field, at.segment + 1);
    set_fields(at.segment, fields);
}

}  // namespace labrelay::test
