#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/finding.hpp"
#include "labrelay/core/time.hpp"

namespace labrelay::hl7 {

/// A part of a batch that stands for one message: from its MSH up to the next MSH, header or
/// trailer. What stands there without an MSH is a member too, so that it is refused by itself and
/// kept.
struct BatchMember {
    std::size_t offset = 0;
    std::size_t size = 0;
    std::size_t group = 0;  ///< index into Batch::groups
};

/// One BHS … BTS; also what stands outside any.
struct BatchGroup {
    std::string header;       ///< the BHS segment as sent; empty: there was none
    std::size_t members = 0;  ///< its own
    std::size_t nested = 0;   ///< those of groups inside it
};

/// Several messages that came in one piece (HL7 v2 chapter 2.10.3).
struct Batch {
    std::string file_header;  ///< FHS as sent; empty: there was none
    bool marked = false;      ///< a UTF-8 byte-order mark stands before it
    std::vector<BatchGroup> groups;
    std::vector<BatchMember> members;
    /// batch-count-wrong (hold): a trailer counts otherwise. batch-broken (warning): a part without
    /// MSH, or a trailer without header.
    std::vector<Finding> findings;

    /// FHS or BHS: the reply is a batch too. Without: the members are answered one by one.
    bool enveloped() const;
    /// Why no member may be stored: batch-count-wrong, or none.
    Code hold() const;
};

/// Cuts what begins with FHS or BHS, or holds a second MSH at the start of a line, into its
/// messages; nothing where the bytes are one message or none. Works on bytes, because CR and LF are
/// no part of a character in any character set that labrelay reads. Headers and trailers have
/// delimiters of their own. Cost is linear; never throws on input.
std::optional<Batch> split_batch(std::string_view bytes);

/// What the reply to a batch carries.
struct BatchReplyPart {
    std::size_t group = 0;
    std::string_view ack;  ///< a whole acknowledgement, segments ending with CR
};

/// A batch of acknowledgements in the form of `batch`: FHS and FTS where it had a file header, a
/// BHS and BTS for each of its groups, sender and receiver swapped, BHS-11 and FHS-11 our id,
/// BHS-12 and FHS-12 the sender's.
std::string build_batch_reply(const Batch& batch, std::string_view reply_id, Instant time,
                              const std::vector<BatchReplyPart>& parts);

/// An MSH line that stands for the batch: its first header's sender, receiver and control id. For a
/// single acknowledgement of the whole.
std::string header_for_whole(const Batch& batch);

/// BHS-11, else FHS-11, as sent.
std::string_view batch_control_id(const Batch& batch);

}  // namespace labrelay::hl7
