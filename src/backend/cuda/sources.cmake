# The device backend: compiled for a GPU into sonde_backend, for the host into the tests.
set(SONDE_DEVICE_BACKEND_DIR ${CMAKE_CURRENT_LIST_DIR})
set(SONDE_DEVICE_BACKEND_SOURCES
  device_arrays.cpp device_backend.cpp device_rows.cpp device_unit_table.cpp
  ops/bias_activation.cpp ops/binary.cpp ops/conv2d.cpp ops/dense.cpp ops/elementwise.cpp ops/kernel_correlation.cpp
  ops/moving.cpp ops/pool.cpp ops/recurrent.cpp ops/units.cpp)
set(SONDE_DEVICE_BACKEND_KERNELS kernels/elementwise.cu kernels/recurrent.cu kernels/row_ops.cu kernels/unit_table.cu
                                 kernels/units.cu)
list(TRANSFORM SONDE_DEVICE_BACKEND_SOURCES PREPEND ${SONDE_DEVICE_BACKEND_DIR}/)
list(TRANSFORM SONDE_DEVICE_BACKEND_KERNELS PREPEND ${SONDE_DEVICE_BACKEND_DIR}/)
