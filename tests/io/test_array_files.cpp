// IDX, NPY, NPZ and HDF5: made here, right and wrong; each also under several ranks.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "io/dataset_files.hpp"
#include "io/h5.hpp"
#include "io/provenance.hpp"

namespace sonde::io {
namespace {

using namespace test;

std::string idx(int type, std::vector<std::uint32_t> const& extents, std::string const& data) {
  std::string bytes = {'\0', '\0', static_cast<char>(type), static_cast<char>(extents.size())};
  for (std::uint32_t extent : extents) bytes += big(extent);
  return bytes + data;
}

std::string const two_images = idx(8, {3, 2, 2}, {"\x00\x01\x02\x03\x0a\x0b\x0c\x0d\xff\xfe\xfd\xfc", 12});

TEST(Idx, ReadsTheRecordsAskedFor) {
  auto const data = open(put("plain.idx", two_images));
  EXPECT_EQ(data->size(), 3);
  EXPECT_EQ(data->sample_shape(), (Shape{2, 2, 1}));
  EXPECT_EQ(data->domain().levels, 256);
  EXPECT_EQ(rows(*data, {2, 0}), (std::vector<float>{255, 254, 253, 252, 0, 1, 2, 3}));
  EXPECT_EQ(data->sha256(), sha256_of(std::as_bytes(std::span(two_images))));
  EXPECT_EQ(data->record_name(0), "");
  EXPECT_HAS(refusal([&] { rows(*data, {3}); }), "no record 3");
  EXPECT_HAS(refusal([&] { rows(*data, {-1}); }), "no record -1");
}

TEST(Idx, IsInflatedOncePerNode) {
  std::string const bytes = packed(two_images);
  auto const data = open(put("packed.idx.gz", bytes));
  EXPECT_EQ(rows(*data, {1}), (std::vector<float>{10, 11, 12, 13}));
  EXPECT_EQ(data->sha256(), sha256_of(std::as_bytes(std::span(bytes))));
}

TEST(Idx, TurnsBigEndianNumbers) {
  EXPECT_EQ(rows(*open(put("i16.idx", idx(0x0b, {2}, {"\xff\xfe\x01\x00", 4}))), {0, 1}),
            (std::vector<float>{-2, 256}));
  EXPECT_EQ(rows(*open(put("i32.idx", idx(0x0c, {1}, {"\x00\x01\x00\x00", 4}))), {0}), (std::vector<float>{65536}));
  EXPECT_EQ(rows(*open(put("f32.idx", idx(0x0d, {1}, {"\x3f\xc0\x00\x00", 4}))), {0}), (std::vector<float>{1.5F}));
  EXPECT_EQ(rows(*open(put("f64.idx", idx(0x0e, {1}, {"\xbf\xf0\x00\x00\x00\x00\x00\x00", 8}))), {0}),
            (std::vector<float>{-1}));
  EXPECT_EQ(rows(*open(put("i8.idx", idx(9, {1}, "\xff"))), {0}), (std::vector<float>{-1}));
}

TEST(Idx, RefusesHeadersThatLie) {
  EXPECT_HAS(refusal_of(put("short.idx", two_images.substr(0, 27))), "it ends after 27 of the 28 bytes");
  EXPECT_HAS(refusal_of(put("long.idx", two_images + "x")), "holds 29 bytes but its header names 28");
  EXPECT_HAS(refusal_of(put("header.idx", two_images.substr(0, 9))), "within its header");
  EXPECT_HAS(refusal_of(put("huge.idx", idx(8, {0xffffffff, 0xffffffff, 0xffffffff}, "x"))), "2^40");
  EXPECT_HAS(refusal_of(put("large.idx", idx(8, {0x0fffffff, 100}, "x"))), "truncated");
  EXPECT_HAS(refusal_of(put("many.idx", idx(8, std::vector<std::uint32_t>(200, 1), "x"))), "200 extents");
  EXPECT_HAS(refusal_of(put("none.idx", idx(8, {0, 28, 28}, ""))), "it is empty");
  EXPECT_HAS(refusal_of(put("flat.idx", idx(8, {5, 0}, ""))), "it is empty");
}

TEST(Gzip, RefusesDamagedAndHostileFiles) {
  std::string const good = packed(two_images);
  EXPECT_HAS(refusal_of(put("cut.idx.gz", good.substr(0, good.size() - 9))), "it ends too early");
  std::string wrong_sum = good;
  wrong_sum[good.size() - 5] ^= 1;
  EXPECT_HAS(refusal_of(put("sum.idx.gz", wrong_sum)), "cannot be inflated");
  EXPECT_HAS(refusal_of(put("garbage.idx.gz", "\x1f\x8b\x08" + std::string(50, '\xaa'))), "cannot be inflated");
  EXPECT_HAS(refusal_of(put("less.idx.gz", packed(two_images.substr(0, 20)))), "20 of the 28 bytes");
  EXPECT_HAS(refusal_of(put("more.idx.gz", packed(two_images + "x"))), "holds more than");
  // A small file whose header asks for a terabyte.
  EXPECT_HAS(refusal_of(put("bomb.idx.gz", packed(idx(8, {0xffff, 0xff, 0xffff}, std::string(1000, '\0'))))),
             "cannot be in");
}

TEST(Gzip, TellsFormatsByContent) {
  EXPECT_EQ(open(put("images", packed(two_images)))->size(), 3);
  EXPECT_HAS(refusal_of(put("nothing.gz", packed("no data"))), "its format is not known");
  EXPECT_HAS(refusal_of(put("nothing", "")), "the file is empty");
  EXPECT_HAS(refusal_of(scratch("absent.idx")), "no such file");
  EXPECT_HAS(refusal_of(put("plain2.idx", two_images) + ":part"), "names a part");
}

std::string const matrix = bytes_of<float>({1, 2, 3, 4, 5, 6});

TEST(Npy, ReadsVersionOneToThree) {
  auto const data = open(put("a.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", matrix)));
  EXPECT_EQ(data->size(), 2);
  EXPECT_EQ(data->sample_shape(), (Shape{3}));
  EXPECT_FALSE(data->domain().known);
  EXPECT_EQ(rows(*data, {1}), (std::vector<float>{4, 5, 6}));
  EXPECT_HAS(refusal([&] { data->require_range(); }), "--input-range");

  std::string const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,3)}\n";
  std::string const version_2 = "\x93NUMPY" + std::string("\x02\x00", 2) + little(header.size(), 4) + header + matrix;
  EXPECT_EQ(rows(*open(put("b.npy.gz", packed(version_2))), {0}), (std::vector<float>{1, 2, 3}));
}

TEST(Npy, ReadsEveryNumberType) {
  auto const value = [](std::string const& type, std::string const& data) {
    auto const dataset =
        open(put("type.npy", npy("{'descr': '" + type + "', 'fortran_order': False, 'shape': (1,), }", data)));
    return rows(*dataset, {0})[0];
  };
  EXPECT_EQ(value("<u2", bytes_of<std::uint16_t>({65535})), 65535);
  EXPECT_EQ(value(">u2", {"\x01\x02", 2}), 258);
  EXPECT_EQ(value("<i4", bytes_of<std::int32_t>({-7})), -7);
  EXPECT_EQ(value("<u4", bytes_of<std::uint32_t>({7})), 7);
  EXPECT_EQ(value("<i8", bytes_of<std::int64_t>({-9})), -9);
  EXPECT_EQ(value("<u8", bytes_of<std::uint64_t>({9})), 9);
  EXPECT_EQ(value("<f8", bytes_of<double>({0.25})), 0.25F);
  EXPECT_EQ(value(">f4", {"\x3f\xc0\x00\x00", 4}), 1.5F);
  EXPECT_EQ(value("|b1", "\x01"), 1);
  EXPECT_EQ(value("|i1", "\xff"), -1);
}

TEST(Npy, ChecksBooleansAndRanges) {
  std::string const header = "{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }";
  auto const data = open(put("bool.npy", npy(header, {"\x01\x02", 2})));
  EXPECT_EQ(data->domain().levels, 2);
  EXPECT_HAS(refusal([&] { rows(*data, {1}); }), "record 1, value 0 is 2");
  DataOptions options;
  options.input_range = {0, 4};
  auto const floats =
      open(put("range.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", matrix)), options);
  EXPECT_NO_THROW(floats->require_range());
  EXPECT_HAS(refusal([&] { rows(*floats, {1}); }), "the range is 0 to 4");
}

TEST(Npy, NamesTheRecordThatIsNotFinite) {
  for (float wrong : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto const data = open(put("nan.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }",
                                              bytes_of<float>({1, 2, 3, wrong}))));
    EXPECT_EQ(rows(*data, {0}), (std::vector<float>{1, 2}));
    EXPECT_HAS(refusal([&] { rows(*data, {0, 1}); }), "record 1, value 1");
  }
}

TEST(Npy, RefusesWhatItCannotRead) {
  auto const message = [](std::string const& header) { return refusal_of(put("wrong.npy", npy(header, matrix))); };
  EXPECT_HAS(message("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }"), "Fortran");
  EXPECT_HAS(message("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }"), "pickle");
  EXPECT_HAS(message("{'descr': '<f2', 'fortran_order': False, 'shape': (2, 6), }"), "numpy type <f2");
  EXPECT_HAS(message("{'descr': '<U8', 'fortran_order': False, 'shape': (1,), }"), "<U8");
  EXPECT_HAS(message("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), }"), "[('a'");
  EXPECT_HAS(message("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }"), "truncated");
  EXPECT_HAS(message("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }"), "the header is wrong");
  EXPECT_HAS(message("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3), }"), "wrong shape");
  EXPECT_HAS(message("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }"), "wrong shape");
  EXPECT_HAS(message("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }"), "2^40");
  EXPECT_HAS(message("{'descr': '<f4', 'fortran_order': False, 'shape': (2 3), }"), "comma");
  EXPECT_HAS(message("{'descr': '<f4', 'fortran_order': False, 'shape': 6"), "holds no shape");
  EXPECT_HAS(refusal_of(put("scalar.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "1234"))),
             "a single number");
  EXPECT_HAS(message("{'descr': '<f4', 'fortran_order': False}"), "no 'shape'");
  EXPECT_HAS(message("{'descr'"), "no 'descr'");
  EXPECT_HAS(refusal_of(put("v9.npy", std::string("\x93NUMPY\x09\x00\x00\x00", 10))), "version is 9");
  EXPECT_HAS(refusal_of(put("head.npy", std::string("\x93NUMPY\x01\x00\x76\x00{'desc", 16))), "within its header");
  EXPECT_HAS(refusal_of(put("far.npy", std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12))), "a length of");
  EXPECT_HAS(refusal_of(put("notnpy.npy", "garbage")), "no NPY file");
}

/// A zip archive of one or more members, deflated when `method` is 8.
std::string npz(std::vector<std::pair<std::string, std::string>> const& members, int method, std::int64_t lie = 0) {
  std::string body, directory;
  for (auto const& [name, data] : members) {
    std::string const bytes = method == 8 ? packed(data, -15) : data;
    std::string const sizes = little(bytes.size(), 4) + little(data.size() + static_cast<std::uint64_t>(lie), 4);
    directory += little(0x02014b50, 4) + little(20, 2) + little(20, 2) + little(0, 2) +
                 little(static_cast<std::uint64_t>(method), 2) + little(0, 8) + sizes + little(name.size(), 2) +
                 little(0, 12) + little(body.size(), 4) + name;
    body += little(0x04034b50, 4) + little(20, 2) + little(0, 2) + little(static_cast<std::uint64_t>(method), 2) +
            little(0, 8) + sizes + little(name.size(), 2) + little(3, 2) + name + "ext" + bytes;
  }
  std::string const end = little(0x06054b50, 4) + little(0, 4) + little(members.size(), 2) + little(members.size(), 2) +
                          little(directory.size(), 4) + little(body.size(), 4) + little(7, 2) + "comment";
  return body + directory + end;
}

std::string const array_a = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", matrix);
std::string const array_b = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", "\x05\x06");

TEST(Npz, FindsArraysByName) {
  for (int method : {0, 8}) {
    std::string const path = put("two.npz", npz({{"a.npy", array_a}, {"b.npy", array_b}}, method));
    EXPECT_EQ(rows(*open(path + ":a"), {1}), (std::vector<float>{4, 5, 6}));
    EXPECT_EQ(rows(*open(path + ":b.npy"), {0, 1}), (std::vector<float>{5, 6}));
    EXPECT_HAS(refusal_of(path + ":c"), "no array 'c' (it holds a.npy, b.npy)");
    EXPECT_HAS(refusal_of(path), "no array is named");
  }
  EXPECT_EQ(open(put("one.npz", npz({{"a.npy", array_a}}, 8)))->size(), 2);
}

TEST(Npz, RefusesDamagedArchives) {
  std::string const good = npz({{"a.npy", array_a}}, 8);
  EXPECT_HAS(refusal_of(put("cut.npz", good.substr(0, good.size() - 40))), "directory is damaged");
  EXPECT_HAS(refusal_of(put("zip.npz", "PK\x03\x04")), "directory is damaged");
  EXPECT_HAS(refusal_of(put("lie.npz", npz({{"a.npy", array_a}}, 8, 1))), "does not inflate to");
  EXPECT_HAS(refusal_of(put("lie2.npz", npz({{"a.npy", array_a}}, 8, -1))), "does not inflate to");
  EXPECT_HAS(refusal_of(put("bomb.npz", npz({{"a.npy", array_a}}, 8, 0x70000000))), "cannot be in");
  EXPECT_HAS(refusal_of(put("lzma.npz", npz({{"a.npy", array_a}}, 14))), "method 14");
  std::string garbled = good;
  garbled.replace(40, 20, 20, '\xff');
  EXPECT_HAS(refusal_of(put("garbled.npz", garbled)), "does not inflate");
  EXPECT_HAS(refusal_of(put("zip.npz.gz", packed(good))), "plain NPZ");
  // Every truncation is refused, whatever it cuts.
  for (std::size_t size = 1; size < good.size(); size += 7)
    EXPECT_THROW(open(put("part.npz", good.substr(0, size))), InputError) << size;
}

TEST(Hdf5Data, ReadsRowsByIndex) {
  std::string const path = scratch("rows.h5");
  on_root([&] {
    std::filesystem::create_directories(scratch(""));
    H5File file = H5File::create(path);
    file.write<std::uint8_t>("/train/x", std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8}, {2, 2, 2});
    file.write<double>("/y", std::vector<double>{0.5, std::nan("")}, {2});
    file.write_texts("/names", {"a", "b"});
    file.close();
  });
  auto const data = open(path + ":/train/x");
  EXPECT_EQ(data->sample_shape(), (Shape{2, 2, 1}));
  EXPECT_TRUE(data->domain().known);
  EXPECT_EQ(rows(*data, {1, 0}), (std::vector<float>{5, 6, 7, 8, 1, 2, 3, 4}));
  auto const doubles = open(path + ":/y");
  EXPECT_EQ(rows(*doubles, {0}), (std::vector<float>{0.5}));
  EXPECT_HAS(refusal([&] { rows(*doubles, {1}); }), "record 1");
  EXPECT_HAS(refusal_of(path), "train, y");
  EXPECT_HAS(refusal_of(path + ":/names"), "it holds text");
  EXPECT_THROW(open(path + ":/none"), InputError);
  EXPECT_THROW(open(path + ":/train"), InputError);
}

TEST(Prepared, TurnsChannelsAndShapes) {
  DataOptions options;
  options.preprocess = parse_preprocess({"layout=chw,shape=3x1x2"});
  auto const data =
      open(put("chw.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 6), }", matrix)), options);
  EXPECT_EQ(data->sample_shape(), (Shape{1, 2, 3}));
  EXPECT_EQ(rows(*data, {0}), (std::vector<float>{1, 3, 5, 2, 4, 6}));
  options.preprocess = parse_preprocess({"shape=2x2"});
  EXPECT_HAS(refusal_of(scratch("chw.npy"), options), "the number must stay");
  options.preprocess = parse_preprocess({"layout=chw"});
  EXPECT_HAS(refusal_of(scratch("chw.npy"), options), "three extents");
  options.preprocess = parse_preprocess({"shape=2x3x1,resize=4x4"});
  EXPECT_HAS(refusal_of(scratch("chw.npy"), options), "whole numbers from 0 to 255");
}

TEST(Prepared, RunsImageStepsOnBytes) {
  DataOptions options;
  options.preprocess = parse_preprocess({"crop=rows:1:,resize=2x4:nearest"});
  auto const data = open(put("steps.idx", two_images), options);
  EXPECT_EQ(data->sample_shape(), (Shape{2, 4, 1}));
  EXPECT_EQ(rows(*data, {1}), (std::vector<float>{12, 12, 13, 13, 12, 12, 13, 13}));
  options.preprocess = parse_preprocess({"crop=3x3"});
  EXPECT_HAS(refusal_of(scratch("steps.idx"), options), "only 2x2");
}

TEST(Labels, AreOneNumberPerRecord) {
  Labels const classes = read_labels(put("labels.idx", idx(8, {3}, {"\x07\x00\x09", 3})), "", world());
  EXPECT_EQ(classes.values, (std::vector<double>{7, 0, 9}));
  EXPECT_TRUE(classes.integer);
  EXPECT_HAS(refusal([] { read_labels(put("notlabels.idx", two_images), "", world()); }), "2x2");
}

}  // namespace
}  // namespace sonde::io
