#pragma once

#include "labrelay/sql/connection.hpp"
#include "labrelay/targets/study_place.hpp"

namespace labrelay::targets {

/// Opens a study database; for writing it is brought to the newest schema. Throws sql::Fault.
sql::Connection open_study(const StudyPlace& place);
/// For reading: the file must exist, the schema is as it is.
sql::Connection read_study(const StudyPlace& place);

}  // namespace labrelay::targets
