// Reference models, data and golden numbers beside the checkout; absent in a plain clone.
#pragma once

#include <filesystem>

namespace sonde::test {

/// Path of a file or folder of the reference data: shared_path("data/mnist/lenet1.h5").
std::filesystem::path shared_path(std::filesystem::path const& relative);

/// Whether it is there.
bool has_shared(std::filesystem::path const& relative);

/// A fresh scratch folder for the running test, the same name on every rank; removed and made by the caller's rank 0.
std::filesystem::path scratch_path(std::filesystem::path const& name);

}  // namespace sonde::test

/// Skips the running test, by name, when a file of the reference data is absent.
#define SONDE_NEEDS_SHARED(relative)                                                      \
  do {                                                                                    \
    if (!::sonde::test::has_shared(relative)) GTEST_SKIP() << "no shared/" << (relative); \
  } while (false)
