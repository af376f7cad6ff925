// Starts kernels. Included by the .cu files, which say for which bodies. A compiler for the host runs the bodies in
// plain loops, with a few threads for a row: that is how the tests know them to be right without a GPU.
#pragma once

#include <algorithm>

#include "backend/cuda/kernels/launch.hpp"
#include "backend/cuda/kernels/team.hpp"

#ifdef __CUDACC__

#include "backend/cuda/cuda_queue.hpp"

namespace sonde::backend::kernels {

constexpr int threads = 256;
constexpr std::int64_t most_blocks = 8192;

template <class Body>
__global__ void __launch_bounds__(threads) element_kernel(Body const body, std::int64_t count) {
  std::int64_t const step = static_cast<std::int64_t>(gridDim.x) * threads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * threads + threadIdx.x; i < count; i += step) body(i);
}

template <class Body>
__global__ void __launch_bounds__(threads) live_kernel(Body const body) {
  std::int64_t const count = body.count(), step = static_cast<std::int64_t>(gridDim.x) * threads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * threads + threadIdx.x; i < count; i += step) body(i);
}

struct BlockBarrier {
  __device__ void operator()() const { __syncthreads(); }
};

template <class Body>
__global__ void __launch_bounds__(threads) row_kernel(Body const body) {
  extern __shared__ double scratch[];
  Team<BlockBarrier> team{static_cast<int>(threadIdx.x), static_cast<int>(blockDim.x), blockIdx.x, scratch, {}};
  std::int64_t const count = body.count();
  for (std::int64_t row = blockIdx.x; row < count; row += gridDim.x) {
    body(team, row);
    __syncthreads();  // a team starts the next row together
  }
}

template <class Body>
void launch(Queue& queue, std::int64_t count, Body const& body) {
  if (count == 0) return;
  auto const blocks = static_cast<unsigned>(std::min((count + threads - 1) / threads, most_blocks));
  element_kernel<<<blocks, threads, 0, stream(queue)>>>(body, count);
  check_launch(__func__);
}

template <class Body>
void launch_live(Queue& queue, Body const& body) {
  live_kernel<<<1024, threads, 0, stream(queue)>>>(body);
  check_launch(__func__);
}

template <class Body>
void launch_rows(Queue& queue, std::int64_t width, Body const& body) {
  int team = 32;
  while (team < threads && team < width) team *= 2;
  row_kernel<<<most_teams, team, static_cast<std::size_t>(team) * sizeof(double), stream(queue)>>>(body);
  check_launch(__func__);
}

}  // namespace sonde::backend::kernels

#else

#include "backend/cuda/kernels/host_launch.hpp"

#endif

#define SONDE_ELEMENT_KERNEL(Body) template void launch(Queue&, std::int64_t, Body const&)
#define SONDE_LIVE_KERNEL(Body) template void launch_live(Queue&, Body const&)
#define SONDE_ROW_KERNEL(Body) template void launch_rows(Queue&, std::int64_t, Body const&)
