list(APPEND UNIT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/account_name_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/id_token_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/lockout_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/password_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/rights_document_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/session_times_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/totp_test.cpp)
list(APPEND UNIT_DEPENDS security)
