list(APPEND UNIT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/ack_table_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/header_rules_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/message_types_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/process_test.cpp)
list(APPEND UNIT_DEPENDS pipeline)
