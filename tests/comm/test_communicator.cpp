#include <gtest/gtest.h>

#include "comm/collectives.hpp"
#include "comm/native.hpp"

namespace sonde::comm {
namespace {

int mpi_size() {
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return size;
}

TEST(Communicator, NullIsSerial) {
  Communicator const none;
  EXPECT_EQ(none.rank(), 0);
  EXPECT_EQ(none.size(), 1);
  EXPECT_EQ(none.native(), nullptr);
  EXPECT_EQ(none.duplicate().native(), nullptr);
  EXPECT_EQ(none.split_node().size(), 1);
}

TEST(Communicator, WorldHasAllRanks) {
  Communicator const world = Communicator::world();
  EXPECT_EQ(world.size(), mpi_size());
  EXPECT_EQ(world.native() == nullptr, mpi_size() == 1);
  EXPECT_EQ(world.split_node().size(), mpi_size());  // tests run on one node
  EXPECT_EQ(world.duplicate().rank(), world.rank());
}

TEST(Communicator, ErrorsAreReturned) {
  Communicator const world = Communicator::world();
  if (!world.native()) GTEST_SKIP() << "one rank has no MPI communicator";
  for (Communicator const& comm : {world, world.duplicate(), world.split_node()}) {
    MPI_Errhandler handler = MPI_ERRHANDLER_NULL;
    MPI_Comm_get_errhandler(native(comm), &handler);
    EXPECT_EQ(handler, MPI_ERRORS_RETURN);
    int value = 0;
    int const code = MPI_Bcast(&value, 1, MPI_INT, 99, native(comm));  // there is no rank 99
    int kind = MPI_SUCCESS;
    MPI_Error_class(code, &kind);
    EXPECT_EQ(kind, MPI_ERR_ROOT);
  }
}

}  // namespace
}  // namespace sonde::comm
