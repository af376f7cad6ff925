// HDF5 files that are damaged, of another kind, or lie about their size.
#include <gtest/gtest.h>
#include <hdf5.h>

#include <filesystem>
#include <fstream>

#include "base/check.hpp"
#include "harness/shared_data.hpp"
#include "io/h5.hpp"

namespace sonde::io {
namespace {

std::string file_for(char const* name) {
  auto const path = test::scratch_path(name);
  std::filesystem::create_directories(path.parent_path());
  return path.string();
}

std::string contents(std::string const& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void put(std::string const& path, std::string const& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

/// The message of the InputError that `action` throws; empty when it throws none.
template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (InputError const& error) {
    return error.what();
  }
  return "";
}

/// Writes a file with one data set /x made by `make(file)`, which returns its identifier.
template <class Make>
std::string file_with(char const* name, Make make) {
  std::string const path = file_for(name);
  hid_t const file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  hid_t const data = make(file);
  EXPECT_GE(data, 0);
  H5Dclose(data);
  H5Fclose(file);
  return path;
}

TEST(H5Hostile, MissingAndForeignFiles) {
  EXPECT_NE(refusal([] { H5File::open("/no/such/file.h5"); }).find("No such file"), std::string::npos);
  EXPECT_NE(refusal([] { H5File::open("/tmp"); }).find("no plain file"), std::string::npos);
  std::string const path = file_for("garbage.h5");
  put(path, "");
  EXPECT_NE(refusal([&] { H5File::open(path); }), "");
  put(path, std::string(5000, 'g'));
  EXPECT_NE(refusal([&] { H5File::open(path); }), "");
  EXPECT_FALSE(H5File::has_signature(path));
  put(path, std::string("\x89HDF\r\n\x1a\n") + std::string(5000, 'g'));
  EXPECT_NE(refusal([&] { H5File::open(path); }), "");
  EXPECT_TRUE(H5File::has_signature(path));
}

TEST(H5Hostile, EveryTruncationIsRefused) {
  std::string const whole = file_for("whole.h5");
  {
    H5File file = H5File::create(whole);
    file.write("/x", std::vector<double>(500, 1.5));
    file.write_attribute("/x", "units", "1");
    file.close();
  }
  std::string const bytes = contents(whole);
  std::string const cut = file_for("cut.h5");
  ASSERT_GT(bytes.size(), 4000u);
  for (std::size_t size = 0; size < bytes.size(); size += 61) {
    put(cut, bytes.substr(0, size));
    EXPECT_NE(refusal([&] { H5File::open(cut).read<double>("/x"); }), "") << size << " bytes";
  }
  put(cut, bytes.substr(0, bytes.size() / 2));
  EXPECT_NE(refusal([&] { H5File::open(cut); }).find("truncated"), std::string::npos);
}

TEST(H5Hostile, ClaimsWithoutStorageAreRefused) {
  std::string const chunked = file_with("claim.h5", [](hid_t file) {
    hsize_t const extents[] = {1'000'000, 1000, 100};
    hsize_t const chunk[] = {1, 1000, 100};
    hid_t const plan = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(plan, 3, chunk);
    return H5Dcreate2(file, "x", H5T_NATIVE_DOUBLE, H5Screate_simple(3, extents, nullptr), H5P_DEFAULT, plan,
                      H5P_DEFAULT);
  });
  EXPECT_NE(refusal([&] { H5File::open(chunked).dataset("/x"); }).find("claims"), std::string::npos);

  std::string const contiguous = file_with("claim2.h5", [](hid_t file) {
    hsize_t const extents[] = {std::uint64_t{1} << 33};
    return H5Dcreate2(file, "x", H5T_NATIVE_DOUBLE, H5Screate_simple(1, extents, nullptr), H5P_DEFAULT, H5P_DEFAULT,
                      H5P_DEFAULT);
  });
  EXPECT_NE(refusal([&] { H5File::open(contiguous).dataset("/x"); }).find("claims"), std::string::npos);

  std::string const huge = file_with("claim3.h5", [](hid_t file) {
    hsize_t const extents[] = {std::uint64_t{1} << 40, std::uint64_t{1} << 15};
    hsize_t const chunk[] = {1, 1};
    hid_t const plan = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(plan, 2, chunk);
    return H5Dcreate2(file, "x", H5T_NATIVE_DOUBLE, H5Screate_simple(2, extents, nullptr), H5P_DEFAULT, plan,
                      H5P_DEFAULT);
  });
  EXPECT_NE(refusal([&] { H5File::open(huge).dataset("/x"); }).find("4 TiB"), std::string::npos);
}

TEST(H5Hostile, OtherFilesAreNotReached) {
  std::string const secret = file_for("secret.h5");
  {
    H5File file = H5File::create(secret);
    file.write("/x", std::vector<double>(100, 42.0));
    file.close();
  }
  std::string const external = file_with("external.h5", [&](hid_t file) {
    hsize_t const extent = 100;
    hid_t const plan = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(plan, secret.c_str(), 0, 100);
    return H5Dcreate2(file, "x", H5T_NATIVE_UINT8, H5Screate_simple(1, &extent, nullptr), H5P_DEFAULT, plan,
                      H5P_DEFAULT);
  });
  EXPECT_NE(refusal([&] { H5File::open(external).dataset("/x"); }).find("other files"), std::string::npos);

  std::string const link = file_for("link.h5");
  {
    // The library no longer knows the class of such links here, but the file may hold one: made by h5py elsewhere.
    H5File file = H5File::create(link);
    file.close();
    hid_t const id = H5Fopen(link.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    EXPECT_LT(H5Lcreate_external(secret.c_str(), "/x", id, "x", H5P_DEFAULT, H5P_DEFAULT), 0);
    H5Fclose(id);
  }
}

TEST(H5Hostile, UnsupportedTypesAreNamed) {
  std::string const compound = file_with("compound.h5", [](hid_t file) {
    hid_t const type = H5Tcreate(H5T_COMPOUND, 8);
    H5Tinsert(type, "a", 0, H5T_NATIVE_INT);
    return H5Dcreate2(file, "x", type, H5Screate(H5S_SCALAR), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  });
  EXPECT_NE(refusal([&] { H5File::open(compound).dataset("/x"); }).find("compound"), std::string::npos);
  std::string const null = file_with("null.h5", [](hid_t file) {
    return H5Dcreate2(file, "x", H5T_NATIVE_INT, H5Screate(H5S_NULL), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  });
  EXPECT_NE(refusal([&] { H5File::open(null).dataset("/x"); }).find("null"), std::string::npos);
}

TEST(H5, TypesOfOtherWritersAreConverted) {
  // A half float, a big-endian integer, a boolean as h5py writes it, and texts of variable length.
  std::string const half = file_with("half.h5", [](hid_t file) {
    hid_t const type = H5Tcopy(H5T_IEEE_F32LE);
    H5Tset_fields(type, 15, 10, 5, 0, 10);
    H5Tset_size(type, 2);
    H5Tset_ebias(type, 15);
    hsize_t const extent = 2;
    hid_t const data =
        H5Dcreate2(file, "x", type, H5Screate_simple(1, &extent, nullptr), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    float const values[] = {1.5f, -0.25f};
    H5Dwrite(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    return data;
  });
  EXPECT_EQ(H5File::open(half).dataset("/x").type(), ElementType::float32);
  EXPECT_EQ(H5File::open(half).read<float>("/x"), (std::vector<float>{1.5f, -0.25f}));

  std::string const big = file_with("big.h5", [](hid_t file) {
    hid_t const data =
        H5Dcreate2(file, "x", H5T_STD_I16BE, H5Screate(H5S_SCALAR), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    int const value = -300;
    H5Dwrite(data, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, &value);
    return data;
  });
  EXPECT_EQ(H5File::open(big).dataset("/x").type(), ElementType::int16);
  EXPECT_EQ(H5File::open(big).read<std::int16_t>("/x"), std::vector<std::int16_t>{-300});

  std::string const boolean = file_with("boolean.h5", [](hid_t file) {
    hid_t const type = H5Tenum_create(H5T_NATIVE_INT8);
    std::int8_t value = 0;
    H5Tenum_insert(type, "FALSE", &value);
    value = 1;
    H5Tenum_insert(type, "TRUE", &value);
    hid_t const data = H5Dcreate2(file, "x", type, H5Screate(H5S_SCALAR), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &value);
    return data;
  });
  EXPECT_EQ(H5File::open(boolean).read<std::int8_t>("/x"), std::vector<std::int8_t>{1});

  std::string const texts = file_with("vlen.h5", [](hid_t file) {
    hid_t const type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    hsize_t const extent = 2;
    hid_t const space = H5Screate_simple(1, &extent, nullptr);
    hid_t const data = H5Dcreate2(file, "x", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    char const* const values[] = {"one", "and a longer one"};
    H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    hid_t const attribute = H5Acreate2(data, "names", type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, type, values);
    H5Aclose(attribute);
    return data;
  });
  EXPECT_EQ(H5File::open(texts).read_text("/x"), (std::vector<std::string>{"one", "and a longer one"}));
  EXPECT_EQ(H5File::open(texts).text_list_attribute("/x", "names"),
            (std::vector<std::string>{"one", "and a longer one"}));
}

TEST(H5, AnUnwritablePlaceIsNamed) {
  try {
    H5File::create("/no/such/folder/out.h5");
    FAIL() << "created";
  } catch (InputError const&) {
    FAIL() << "a failure to write is no bad input";
  } catch (Error const& error) {
    EXPECT_NE(std::string(error.what()).find("No such file"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace sonde::io
