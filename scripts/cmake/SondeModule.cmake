# One static library per module of src/; the link order is the layer order of the design.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

add_library(sonde_flags INTERFACE)
target_compile_features(sonde_flags INTERFACE cxx_std_20)
# -ffp-contract=off: whether a*b+c is fused must be said in the source, not left to the optimiser,
# or the bits of a result would depend on inlining.
target_compile_options(sonde_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion
                       -Wno-sign-conversion -Werror -ffp-contract=off>)
# GCC 12 warns of overlapping copies inside "text" + std::string (its bug 105651).
target_compile_options(sonde_flags INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict>)
# The same for nvcc; what it generates for the host is not pedantic. Kernels may call constexpr functions of the standard
# library.
target_compile_options(sonde_flags INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:--fmad=false --expt-relaxed-constexpr
                       --Werror=all-warnings -Xcompiler=-Wall,-Wextra,-Wshadow,-Werror,-ffp-contract=off>)
target_include_directories(sonde_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)

# sonde_precompiled(<target> <headers...>): with SONDE_PRECOMPILE, a target that others reuse the parsed headers of.
# Off by default, so that a source that forgets to include something does not build.
function(sonde_precompiled target)
  if(SONDE_PRECOMPILE)
    file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${target}.cpp CONTENT "")
    add_library(${target} OBJECT ${CMAKE_CURRENT_BINARY_DIR}/${target}.cpp)
    target_link_libraries(${target} PRIVATE sonde_flags)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
endfunction()

# sonde_reuse_precompiled(<target> <from>)
function(sonde_reuse_precompiled target from)
  if(SONDE_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()

set(SONDE_STANDARD_HEADERS <algorithm> <array> <cmath> <filesystem> <fstream> <functional> <iostream> <limits> <map>
    <memory> <mutex> <numeric> <optional> <span> <sstream> <string> <unordered_map> <variant> <vector>)
sonde_precompiled(sonde_precompiled_standard ${SONDE_STANDARD_HEADERS})

# sonde_module(<name> SOURCES <files...> [DEPENDS <libraries seen by users>...] [PRIVATE <libraries...>])
function(sonde_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(sonde_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(sonde_${name} PUBLIC sonde_flags ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE})
  sonde_reuse_precompiled(sonde_${name} sonde_precompiled_standard)
endfunction()
