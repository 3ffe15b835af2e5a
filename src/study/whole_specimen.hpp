#pragma once

#include <span>
#include <vector>

#include "subject_projection.hpp"

namespace labrelay::study {

/// A notice for each touched specimen of which the laboratory, with this message, has withdrawn all
/// results that the study had: mostly the tube was another person's, and somebody must find out.
/// Withdrawals that a message brings for what was never stored say nothing.
std::vector<Notice> withdrawn_whole(SubjectDraft& draft, MessageId message,
                                    std::span<const TouchedSpecimen> touched);

}  // namespace labrelay::study
