# Targets that carry the warnings and sanitizers, and the two helpers that every module uses.

add_library(labrelay_warnings INTERFACE)
target_compile_options(labrelay_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Werror -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast)
# At -O2, and in instrumented code, g++ 12 sees null pointers inside libstdc++ itself.
if(NOT LABRELAY_SANITIZE)
    target_compile_options(labrelay_warnings INTERFACE $<$<NOT:$<CONFIG:Release>>:-Wnull-dereference>)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(labrelay_warnings INTERFACE -Wduplicated-cond -Wlogical-op
        # At -O2 it takes the inline digits of Boost's integers for uninitialised.
        $<$<CONFIG:Release>:-Wno-maybe-uninitialized>)
endif()

add_library(labrelay_sanitizers INTERFACE)
if(LABRELAY_SANITIZE)
    target_compile_options(labrelay_sanitizers INTERFACE
        -fsanitize=${LABRELAY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
        # Instrumented code makes g++ warn of standard headers; GCC's manual says so.
        $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
    target_link_options(labrelay_sanitizers INTERFACE -fsanitize=${LABRELAY_SANITIZE})
endif()
if(LABRELAY_FUZZ)
    target_compile_options(labrelay_sanitizers INTERFACE -fsanitize=fuzzer-no-link)
endif()

# labrelay_library(<module> SOURCES … [DEPENDS <module> …] [LINKS <target> …])
# A module's DEPENDS are the arrows of docs/architecture.md; tests/layering checks the includes.
function(labrelay_library module)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;LINKS;PRIVATE_LINKS")
    add_library(labrelay_${module} STATIC ${arg_SOURCES})
    target_include_directories(labrelay_${module} PUBLIC ${PROJECT_SOURCE_DIR}/include)
    target_compile_features(labrelay_${module} PUBLIC cxx_std_20)
    # Instrumented code compiles a third faster unoptimised: what no message passes through is.
    if(LABRELAY_SANITIZE AND module MATCHES "^(app|api|views|alarm|targets|security|console|review|simulate)$")
        target_compile_options(labrelay_${module} PRIVATE -O0)
    endif()
    list(TRANSFORM arg_DEPENDS PREPEND labrelay_)
    target_link_libraries(labrelay_${module}
        PUBLIC ${arg_DEPENDS} ${arg_LINKS} labrelay_sanitizers
        PRIVATE ${arg_PRIVATE_LINKS} labrelay_warnings)
endfunction()

# labrelay_test(<label> SOURCES … DEPENDS <module> … [LINKS …]): one GoogleTest binary a label. A time-out is for what
# hangs, wherever one stands here: a slow machine with a slow disk takes many times what a fast one does.
function(labrelay_test label)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;DEPENDS;LINKS")
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 900)
    endif()
    add_executable(labrelay_${label}_tests ${arg_SOURCES})
    list(TRANSFORM arg_DEPENDS PREPEND labrelay_)
    target_link_libraries(labrelay_${label}_tests PRIVATE
        ${arg_DEPENDS} ${arg_LINKS} GTest::gmock GTest::gtest_main labrelay_warnings
        labrelay_sanitizers)
    # Instrumented test code compiles a third faster unoptimised; what it tests stays as the preset says.
    if(LABRELAY_SANITIZE)
        target_compile_options(labrelay_${label}_tests PRIVATE -O0)
    endif()
    target_include_directories(labrelay_${label}_tests PRIVATE ${PROJECT_SOURCE_DIR}/tests/support)
    target_compile_definitions(labrelay_${label}_tests PRIVATE
        LABRELAY_SOURCE_DIR="${PROJECT_SOURCE_DIR}" LABRELAY_BINARY_DIR="${PROJECT_BINARY_DIR}")
    gtest_discover_tests(labrelay_${label}_tests
        PROPERTIES LABELS ${label} TIMEOUT ${arg_TIMEOUT} DISCOVERY_TIMEOUT 300)
endfunction()
