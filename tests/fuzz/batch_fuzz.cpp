// Any bytes, cut as a batch: members lie in the bytes, in order, once, and
// there is a reply.

#include "fuzz_target.hpp"
#include "labrelay/hl7/batch.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace labrelay;
    using namespace labrelay::hl7;
    using fuzz::require;
    const std::string_view bytes = fuzz::as_text(data, size);
    const std::optional<Batch> batch = split_batch(bytes);
    if (!batch) {
        return 0;
    }
    std::size_t end = 0;
    std::vector<BatchReplyPart> parts;
    for (const BatchMember& member : batch->members) {
        require(member.offset >= end && member.size > 0, "members do not overlap");
        end = member.offset + member.size;
        require(end <= bytes.size(), "a member lies in the bytes");
        require(member.group < batch->groups.size(), "a member has a group");
        parts.push_back({member.group, "ack\r"});
    }
    if (batch->enveloped()) {
        require(!build_batch_reply(*batch, "R", Instant{0}, parts).empty(), "there is a reply");
        require(header_for_whole(*batch).substr(0, 3) == "MSH", "the whole has a header");
    }
    return 0;
}
