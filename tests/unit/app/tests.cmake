list(APPEND UNIT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/following_target_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/intake_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/live_sources_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/registry_import_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/settings_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/source_watch_test.cpp)
list(APPEND UNIT_DEPENDS app)
