# The CUDA compiler and NVIDIA's libraries; only with SONDE_WITH_CUDA.
#
# The runtime is linked statically and looks for the driver when it is first called, so that the program starts where
# there is none. cuBLAS, cuDNN and NCCL are shared libraries and must be found when it starts.

# What compiled kernels run on: A100 and its like, H100 and H200, and by translation all that come after.
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 90-virtual)
endif()
if(NOT CMAKE_CUDA_COMPILER)
  # Below every prefix there is cuda/bin too: the toolkit's own place is often not on PATH.
  find_program(SONDE_NVCC nvcc HINTS ENV CUDACXX ENV CUDA_PATH ENV CUDA_HOME PATH_SUFFIXES bin cuda/bin)
  if(NOT SONDE_NVCC)
    message(FATAL_ERROR "nvcc was not found (SONDE_WITH_CUDA=ON needs the CUDA Toolkit, 12.4 or later). "
                        "Install it and put its bin on PATH, or configure without SONDE_WITH_CUDA.")
  endif()
  set(CMAKE_CUDA_COMPILER ${SONDE_NVCC})
endif()
enable_language(CUDA)
# CMake 3.25 does not know that nvcc knows C++20.
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()
set(CMAKE_CUDA_STANDARD 20)
# The host compiler looks there on its own; told once more, in another order, it does not find its own headers.
list(APPEND CMAKE_CUDA_IMPLICIT_INCLUDE_DIRECTORIES ${CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES})
find_package(CUDAToolkit 12.4 REQUIRED)

# sonde_require_nvidia(<target> <header> <library> <name>): an imported target for a library beside the toolkit.
function(sonde_require_nvidia target header library name)
  find_path(${target}_INCLUDE ${header} HINTS ${CUDAToolkit_INCLUDE_DIRS} ENV CUDNN_PATH PATH_SUFFIXES include)
  find_library(${target}_LIBRARY ${library} HINTS ${CUDAToolkit_LIBRARY_DIR} ENV CUDNN_PATH PATH_SUFFIXES lib lib64)
  if(NOT ${target}_INCLUDE OR NOT ${target}_LIBRARY)
    message(FATAL_ERROR "${name} was not found (SONDE_WITH_CUDA=ON needs ${header} and lib${library}). Install it from "
                        "NVIDIA beside the CUDA Toolkit, or name it by -D${target}_INCLUDE= and -D${target}_LIBRARY=.")
  endif()
  add_library(sonde::${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(sonde::${target} SYSTEM INTERFACE ${${target}_INCLUDE})
  target_link_libraries(sonde::${target} INTERFACE ${${target}_LIBRARY})
endfunction()
sonde_require_nvidia(cudnn cudnn.h cudnn "cuDNN 9")
sonde_require_nvidia(nccl nccl.h nccl "NCCL 2")
