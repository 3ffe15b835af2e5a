list(APPEND UNIT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/live_traffic_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/proxy_header_test.cpp)
list(APPEND UNIT_DEPENDS transport)
