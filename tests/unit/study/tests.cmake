list(APPEND UNIT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/arrival_order_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/check_table_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/checks_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/completeness_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/criteria_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/decide_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/derived_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/lock_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/placement_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/reconcile_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/registry_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/roles_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/threshold_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/versions_test.cpp)
list(APPEND UNIT_DEPENDS study)
