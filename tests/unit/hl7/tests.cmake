list(APPEND UNIT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/ack_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/batch_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/binding_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/charset_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/escape_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/flat_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/header_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/message_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/mllp_framer_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/path_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/samples_framing_test.cpp)
list(APPEND UNIT_DEPENDS hl7)
