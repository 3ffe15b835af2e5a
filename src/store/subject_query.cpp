#include "labrelay/store/subject_query.hpp"

#include "read_core.hpp"
#include "result_reader.hpp"
#include "subject_tables.hpp"

namespace labrelay::store {
SubjectResults subject_results(ReadSession& session, SubjectId subject) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    SubjectResults results;
    results.results = ResultReader(core.database, core.terms, core.specimens).subject(subject);
    results.held = read_held(core.database, core.terms, subject);
    return results;
}

}  // namespace labrelay::store
