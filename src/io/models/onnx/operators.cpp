#include "io/models/onnx/operators.hpp"

#include <algorithm>

namespace sonde::io::onnx_reader {
namespace {

template <Function F>
void function(Call& call) {
  activate(call, {F, 0, 0});
}

template <BinaryFunction F>
void combine(Call& call) {
  binary(call, F);
}

template <BinaryFunction F>
void fold(Call& call) {
  fold_arithmetic(call, F);
}

template <RecurrentKind Kind>
void steps(Call& call) {
  recurrent(call, Kind);
}

template <bool Log>
void normalise_exponentials(Call& call) {
  softmax(call, Log);
}

}  // namespace

std::vector<Operator> const& operators() {
  static std::vector<Operator> const all{
      {"Abs", function<Function::abs>},
      {"Add", combine<BinaryFunction::add>, fold<BinaryFunction::add>},
      {"Atan", function<Function::atan>},
      {"AveragePool", average_pool},
      {"BatchNormalization", batch_normalization},
      {"Cast", cast, fold_cast},
      {"Clip", clip},
      {"Concat", concat, fold_concat},
      {"Constant", nullptr, fold_constant},
      {"ConstantOfShape", nullptr, fold_constant_of_shape},
      {"Conv", conv},
      {"Div", combine<BinaryFunction::divide>, fold<BinaryFunction::divide>},
      {"Dropout", dropout},
      {"Elu", elu},
      {"Erf", function<Function::erf>},
      {"Exp", function<Function::exp>},
      {"Expand", nullptr, fold_expand},
      {"Flatten", flatten},
      {"GRU", steps<RecurrentKind::gru>},
      {"Gather", gather, fold_gather},
      {"Gemm", gemm},
      {"GlobalAveragePool", global_average_pool},
      {"GlobalMaxPool", global_max_pool},
      {"HardSigmoid", hard_sigmoid},
      {"HardSwish", function<Function::hard_swish>},
      {"Identity", identity, fold_identity},
      {"LRN", lrn},
      {"LSTM", steps<RecurrentKind::lstm>},
      {"LeakyRelu", leaky_relu},
      {"Log", function<Function::log>},
      {"LogSoftmax", normalise_exponentials<true>},
      {"MatMul", mat_mul},
      {"Max", combine<BinaryFunction::maximum>},
      {"MaxPool", max_pool},
      {"Mean", mean},
      {"Min", combine<BinaryFunction::minimum>},
      {"Mul", combine<BinaryFunction::multiply>, fold<BinaryFunction::multiply>},
      {"Neg", function<Function::negate>},
      {"PRelu", prelu},
      {"Pad", pad},
      {"Pow", pow},
      {"RNN", steps<RecurrentKind::simple_rnn>},
      {"Reciprocal", function<Function::reciprocal>},
      {"ReduceMean", reduce_mean},
      {"Relu", function<Function::relu>},
      {"Reshape", reshape, fold_reshape},
      {"Selu", selu},
      {"Shape", shape_of, fold_shape},
      {"Sigmoid", function<Function::sigmoid>},
      {"Slice", slice, fold_slice},
      {"Softmax", normalise_exponentials<false>},
      {"Softplus", function<Function::softplus>},
      {"Softsign", function<Function::softsign>},
      {"Split", split},
      {"Sqrt", function<Function::sqrt>},
      {"Squeeze", squeeze, fold_squeeze},
      {"Sub", combine<BinaryFunction::subtract>, fold<BinaryFunction::subtract>},
      {"Sum", sum},
      {"Tanh", function<Function::tanh>},
      {"ThresholdedRelu", thresholded_relu},
      {"Transpose", transpose, fold_transpose},
      {"Unsqueeze", unsqueeze, fold_unsqueeze},
  };
  return all;
}

Operator const* find_operator(std::string const& name) {
  auto const found = std::ranges::find(operators(), name, &Operator::name);
  return found == operators().end() ? nullptr : &*found;
}

}  // namespace sonde::io::onnx_reader
