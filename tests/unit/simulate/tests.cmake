list(APPEND UNIT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/cases_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/number_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/samples_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/traffic_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/world_test.cpp)
list(APPEND UNIT_DEPENDS simulate)
