list(APPEND UNIT_SOURCES
    ${CMAKE_SOURCE_DIR}/tests/support/failing_vfs.cpp
    ${CMAKE_CURRENT_LIST_DIR}/cd4_by_visit_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/lab_row_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/sqlite_target_test.cpp)
list(APPEND UNIT_DEPENDS targets)
