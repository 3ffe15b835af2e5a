list(APPEND UNIT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/analyte_units_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/laboratory_unit_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/logarithm_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/unit_family_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/quantity_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/rational_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/reference_range_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/reported_value_property_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/reported_value_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/structured_numeric_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/ucum_table_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/ucum_test.cpp)
list(APPEND UNIT_DEPENDS units)
