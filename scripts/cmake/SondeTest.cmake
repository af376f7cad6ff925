# Tests run through CTest: serially, or once per rank count under mpiexec.
include(GoogleTest)

set(SONDE_SHARED_DIR "${PROJECT_SOURCE_DIR}/../shared" CACHE PATH "Reference models, data and golden numbers; tests that need them skip without it")

# mpiexec as root and with more ranks than cores is refused by Open MPI unless told otherwise. Ranks that outnumber
# the cores yield while they wait. Open MPI leaks at exit, from modules unloaded by then, so that they cannot be told from
# others: under the sanitizers leaks are not looked for.
set(SONDE_MPI_ENVIRONMENT OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1
    OMPI_MCA_btl_base_warn_component_unused=0 ASAN_OPTIONS=detect_leaks=0)

# sonde_mpi_command(<variable> <ranks>): the launcher in front of a program
function(sonde_mpi_command variable ranks)
  set(${variable} ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} PARENT_SCOPE)
endfunction()

sonde_precompiled(sonde_precompiled_test ${SONDE_STANDARD_HEADERS} <gtest/gtest.h>)
if(SONDE_PRECOMPILE)
  target_link_libraries(sonde_precompiled_test PRIVATE GTest::gtest)
endif()

# Builds all programs of add_sonde_test(); their tests have the label "unit".
add_custom_target(unit_tests)

# add_sonde_test(<name> SOURCES <files...> [NP <rank counts...>] [LIBRARIES <targets...>] [LABELS ...] [TIMEOUT s] [ENVIRONMENT ...])
#
# Builds test_<name> with the harness main and registers it once per rank count ("1" runs without a launcher).
# Rank 0 prints everything, other ranks print failures with their rank; the exit code is the maximum over ranks;
# a run in which no test is executed fails.
function(add_sonde_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;NP;LIBRARIES;LABELS;ENVIRONMENT" ${ARGN})
  if(NOT ARG_NP)
    set(ARG_NP 1)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    math(EXPR ARG_TIMEOUT "5 * ${ARG_TIMEOUT}")  # the sanitizers slow a test down that much
  endif()
  add_executable(test_${name} ${ARG_SOURCES})
  add_dependencies(unit_tests test_${name})
  target_link_libraries(test_${name} PRIVATE ${ARG_LIBRARIES} sonde_test_harness)
  sonde_reuse_precompiled(test_${name} sonde_precompiled_test)
  target_compile_definitions(test_${name} PRIVATE
                             SONDE_SHARED_DIR="${SONDE_SHARED_DIR}" SONDE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  foreach(ranks IN LISTS ARG_NP)
    set(launcher)
    if(ranks GREATER 1)
      sonde_mpi_command(launcher ${ranks})
    endif()
    add_test(NAME ${name}.np${ranks} COMMAND ${launcher} $<TARGET_FILE:test_${name}>)
    set_tests_properties(${name}.np${ranks} PROPERTIES
      TIMEOUT ${ARG_TIMEOUT} PROCESSORS ${ranks} LABELS "unit;np${ranks};${ARG_LABELS}"
      ENVIRONMENT "${SONDE_MPI_ENVIRONMENT};${ARG_ENVIRONMENT}")
  endforeach()
endfunction()
