#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace labrelay::test {

/// Random numbers that are the same on every machine (xorshift64*).
class Dice {
public:
    explicit Dice(std::uint64_t seed)
        : state_(seed * 2685821657736338717ULL + 88172645463325252ULL) {}
    std::size_t below(std::size_t bound);

private:
    std::uint64_t state_;
};

/// What was done to a message, in words for a failure; `keeps_owners`: nothing that says whose a
/// result is was touched, and every OBX is still where it was among the segments that do.
struct Mutation {
    std::string what;
    bool keeps_owners = true;
    bool keeps_values = true;  ///< no OBX-4 or OBX-5 was touched
};

/// A message as its segments, fields unsplit; mutated in place. Bytes, no character set: a mutator
/// that understood the text could not break it.
class Mutant {
public:
    explicit Mutant(std::string_view bytes);

    /// One or several of: drop, swap, duplicate, truncate, re-delimit, re-encode a segment or
    /// field.
    Mutation mutate(Dice& dice);
    std::string bytes() const;

private:
    void drop_segment(Dice& dice, Mutation& done);
    void swap_segments(Dice& dice, Mutation& done);
    void duplicate_segment(Dice& dice, Mutation& done);
    void truncate_message(Dice& dice, Mutation& done);
    void drop_field(Dice& dice, Mutation& done);
    void swap_fields(Dice& dice, Mutation& done);
    void duplicate_field(Dice& dice, Mutation& done);
    void truncate_field(Dice& dice, Mutation& done);
    void redelimit_message(Dice& dice, Mutation& done);
    void redelimit_field(Dice& dice, Mutation& done);
    void reencode_message(Dice& dice, Mutation& done);
    void reencode_field(Dice& dice, Mutation& done);

    struct FieldAt {
        std::size_t segment = 0;
        std::size_t field = 0;
    };
    FieldAt some_field(Dice& dice) const;
    std::vector<std::string> fields_of(std::size_t segment) const;
    void set_fields(std::size_t segment, const std::vector<std::string>& fields);
    void note_field(FieldAt at, Mutation& done) const;
    bool owns(std::size_t segment) const;

    char field_separator_ = '|';
    std::vector<std::string> segments_;
};

}  // namespace labrelay::test
