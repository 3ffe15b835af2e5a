list(APPEND UNIT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/aead_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/digest_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/keyed_hash_test.cpp)
list(APPEND UNIT_DEPENDS crypto)
