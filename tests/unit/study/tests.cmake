list(APPEND UNIT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/versions_test.cpp)
list(APPEND UNIT_DEPENDS study)
