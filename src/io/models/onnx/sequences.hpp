// What can be seen of sequences in an ONNX graph before it is converted.
#pragma once

#include <cstdint>
#include <string>

namespace onnx {
class GraphProto;
class NodeProto;
}  // namespace onnx

namespace sonde::io::onnx_reader {

/// LSTM, GRU and RNN.
bool is_recurrent(::onnx::NodeProto const& node);

struct Sequences {
  bool recurrent = false;       // there is a recurrent node
  bool of_ids = false;          // the input picks rows of a table, and does nothing else
  std::int64_t batch_axis = 0;  // of the input
};

/// The batch's axis is that of the first recurrent node, followed back to the input; 0 where it cannot be followed.
Sequences find_sequences(::onnx::GraphProto const& graph, std::string const& input);

}  // namespace sonde::io::onnx_reader
