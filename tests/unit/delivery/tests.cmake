list(APPEND UNIT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/careful_worker_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/delivery_state_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/worker_test.cpp)
list(APPEND UNIT_DEPENDS delivery)
