list(APPEND UNIT_SOURCES
    ${CMAKE_SOURCE_DIR}/tests/support/failing_vfs.cpp
    ${CMAKE_CURRENT_LIST_DIR}/cd4_by_visit_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/lab_row_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/dataset_fixture_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/odm_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/odm_export_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/sdtm_rows_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/sql_target_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/study_stream_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/xpt_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/rate_limiter_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/rave_answer_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/redcap_answer_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/redcap_check_test.cpp)
list(APPEND UNIT_DEPENDS targets)
