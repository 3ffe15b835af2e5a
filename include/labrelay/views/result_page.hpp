#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/store/message_query.hpp"
#include "labrelay/store/subject_page.hpp"
#include "labrelay/views/shown_message.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::views {

/// `17-3`: the third result of subject 17, as addresses name it.
std::string result_name(SubjectId subject, std::int64_t number);
struct ResultName {
    SubjectId subject;
    std::int64_t number = 0;
};
std::optional<ResultName> result_name_from(std::string_view text);

nlohmann::ordered_json result_json(const store::PageResult& result, const Sight& sight);

/// What charts draw: a series an analyte, with visit windows and doses. Analytes that are closed to
/// the person are none.
nlohmann::ordered_json series_json(const study::Subject& subject, const store::SubjectPage& page,
                                   std::span<const std::string> analytes, const Sight& sight);

/// The strip from bytes to study database. `detail` is the message of the current version, or of
/// its newest input; of an input that is closed to the person only the bytes are told.
nlohmann::ordered_json lineage_json(const store::PageResult& result,
                                    const store::MessageDetail& detail, const ShownMessage& message,
                                    const std::vector<store::ResultDelivery>& deliveries,
                                    const Sight& sight);

}  // namespace labrelay::views
