list(APPEND UNIT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/closed_lines_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/masking_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/reconciliation_test.cpp)
list(APPEND UNIT_DEPENDS views)
