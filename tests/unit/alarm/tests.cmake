list(APPEND UNIT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/channel_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/judge_test.cpp)
list(APPEND UNIT_DEPENDS alarm)
