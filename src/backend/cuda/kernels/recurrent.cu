#include "backend/cuda/kernels/recurrent.hpp"

#include "backend/cuda/kernels/launch.cuh"

namespace sonde::backend::kernels {

using namespace functors;

#define SONDE_RECURRENT_KERNELS(Gate, State)                \
  using Lstm##Gate##State = LstmStep<Gate, State>;          \
  using Gru##Gate##State = GruStep<Gate, State>;            \
  SONDE_ELEMENT_KERNEL(LstmForward<Lstm##Gate##State>);     \
  SONDE_ELEMENT_KERNEL(LstmBackward<Lstm##Gate##State>);    \
  SONDE_ELEMENT_KERNEL(GruGatesForward<Gru##Gate##State>);  \
  SONDE_ELEMENT_KERNEL(GruStateForward<Gru##Gate##State>);  \
  SONDE_ELEMENT_KERNEL(GruAfterForward<Gru##Gate##State>);  \
  SONDE_ELEMENT_KERNEL(GruStateBackward<Gru##Gate##State>); \
  SONDE_ELEMENT_KERNEL(GruResetBackward<Gru##Gate##State>)

#define SONDE_STATE_KERNELS(State)                 \
  SONDE_RECURRENT_KERNELS(GateSigmoid, State);     \
  SONDE_RECURRENT_KERNELS(GateHardSigmoid, State); \
  SONDE_ELEMENT_KERNEL(SimpleForward<State>);      \
  SONDE_ELEMENT_KERNEL(SimpleBackward<State>)

SONDE_STATE_KERNELS(StateTanh);
SONDE_STATE_KERNELS(StateRelu);
SONDE_STATE_KERNELS(GateSigmoid);
SONDE_STATE_KERNELS(StateIdentity);

}  // namespace sonde::backend::kernels
