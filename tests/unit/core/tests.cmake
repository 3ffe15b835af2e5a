list(APPEND UNIT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/decimal_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/decimal_property_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/error_catalogue_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/error_document_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/ids_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/months_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/said_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/time_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/truth_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/zone_test.cpp)
list(APPEND UNIT_DEPENDS core)
