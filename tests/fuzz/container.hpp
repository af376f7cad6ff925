// Valid HDF5 files with hostile contents. libhdf5 1.10 crashes on containers that are damaged themselves, which is not
// ours to mend (README, --isolate); what stands in them is read by sonde.
#pragma once

#include <string>
#include <string_view>

namespace sonde::fuzz {

/// Writes the HDF5 file that `lines` describe; its path. A line that describes nothing possible is left out.
///   attribute OBJECT NAME TEXT                a text of variable length
///   texts OBJECT NAME TEXT|TEXT               texts of fixed length; without TEXT an empty array of numbers
///   group PATH
///   array PATH TYPE EXTENTxEXTENT VALUE ..    TYPE f2 f4 f8 i1 i2 i4 i8 u1 u8, or s and the bytes of a text; an empty
///                                             extent is a scalar; the values are repeated
///   chunks PATH TYPE EXTENTxEXTENT VALUE ..   the same in chunks, deflated
///   link PATH TARGET                          a soft link
std::string put_container(std::string const& name, std::string_view lines);

}  // namespace sonde::fuzz
