#include "io/models/ops.hpp"

#include <array>

namespace sonde::io {

std::string op_name(Op const& op) {
  static constexpr std::array names{"input",     "conv2d",  "dense",       "pool",      "activation", "scale_shift",
                                    "prelu",     "softmax", "lrn",         "binary",    "concat",     "reshape",
                                    "transpose", "pad",     "reduce_mean", "embedding", "recurrent"};
  static_assert(names.size() == std::variant_size_v<Op>);
  if (auto const* recurrent = std::get_if<Recurrent>(&op)) {
    static constexpr std::array kinds{"lstm", "gru", "simple_rnn"};
    return kinds[static_cast<std::size_t>(recurrent->kind)];
  }
  return names[op.index()];
}

std::int64_t gate_count(RecurrentKind kind) {
  if (kind == RecurrentKind::lstm) return 4;
  return kind == RecurrentKind::gru ? 3 : 1;
}

std::string to_string(Function function) {
  static constexpr std::array names{"identity", "relu",       "relu_capped", "leaky_relu",   "thresholded_relu",
                                    "elu",      "selu",       "sigmoid",     "hard_sigmoid", "tanh",
                                    "softplus", "softsign",   "swish",       "hard_swish",   "gelu",
                                    "erf",      "exp",        "log",         "sqrt",         "abs",
                                    "negate",   "reciprocal", "atan",        "clip",         "power"};
  static_assert(names.size() == static_cast<std::size_t>(Function::power) + 1);
  return names[static_cast<std::size_t>(function)];
}

}  // namespace sonde::io
