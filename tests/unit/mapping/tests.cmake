list(APPEND UNIT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/apply_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/lab_messages_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/laboratory_units_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/difference_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/grade_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/habit_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/learn_specimens_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/lineage_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/load_blind_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/load_checks_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/load_criteria_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/load_errors_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/load_exports_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/load_redcap_map_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/load_source_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/recognise_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/registry_files_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/replicates_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/schema_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/shipped_configuration_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/teach_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/value_checks_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/value_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/withhold_test.cpp)
list(APPEND UNIT_DEPENDS mapping)
