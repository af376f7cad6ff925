# Finds every library sonde uses; a missing one is reported with the Debian package that brings it.

# sonde_require(<CMake package> <Debian package> [find_package arguments...])
macro(sonde_require package debian)
  find_package(${package} ${ARGN} QUIET)
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR "${package} was not found (sonde needs it to build). "
                        "Install the Debian package ${debian}, or run scripts/install_deps.sh.")
  endif()
endmacro()

# sonde_require_header(<target> <header> <library or ""> <Debian package>):
# an imported target for a library without a CMake package.
function(sonde_require_header target header library debian)
  find_path(${target}_INCLUDE ${header})
  add_library(sonde::${target} INTERFACE IMPORTED GLOBAL)
  if(library)
    find_library(${target}_LIBRARY NAMES ${library})
  endif()
  if(NOT ${target}_INCLUDE OR (library AND NOT ${target}_LIBRARY))
    message(FATAL_ERROR "${target} was not found (sonde needs ${header}). "
                        "Install the Debian package ${debian}, or run scripts/install_deps.sh.")
  endif()
  target_include_directories(sonde::${target} SYSTEM INTERFACE ${${target}_INCLUDE})
  if(library)
    target_link_libraries(sonde::${target} INTERFACE ${${target}_LIBRARY})
  endif()
endfunction()

set(HDF5_PREFER_PARALLEL ON)
sonde_require(MPI libopenmpi-dev COMPONENTS CXX)
sonde_require(HDF5 libhdf5-openmpi-dev COMPONENTS C)
if(NOT HDF5_IS_PARALLEL)
  message(FATAL_ERROR "HDF5 was found without MPI support (results are written in parallel). "
                      "Install the Debian package libhdf5-openmpi-dev, or run scripts/install_deps.sh.")
endif()
sonde_require(Boost libboost-program-options-dev 1.74 COMPONENTS program_options)
sonde_require(Protobuf libprotobuf-dev)
sonde_require(OpenSSL libssl-dev COMPONENTS Crypto)
sonde_require(ZLIB zlib1g-dev)
sonde_require(JPEG libjpeg62-turbo-dev)
sonde_require(PNG libpng-dev)
sonde_require(nlohmann_json nlohmann-json3-dev)
sonde_require(Threads libc6-dev)
sonde_require(OpenMP libgomp1 COMPONENTS CXX)
# Not by its CMake package: Debian's asks for OpenCL headers that its library does not need.
sonde_require_header(dnnl dnnl.hpp dnnl libdnnl-dev)
add_library(DNNL::dnnl ALIAS sonde::dnnl)
sonde_require_header(onnx onnx/onnx_pb.h onnx_proto libonnx-dev)
sonde_require_header(random123 Random123/philox.h "" librandom123-dev)
if(SONDE_BUILD_TESTS)
  sonde_require(GTest libgtest-dev)
endif()
