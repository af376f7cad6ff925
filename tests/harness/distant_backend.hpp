// A backend that treats the host as a GPU would: its arrays lie where the host may not look, and work waits in queues.
//
// It computes with the reference backend. A look at its memory from outside an op is a segmentation fault; an op that
// is handed the host's memory fails; what is enqueued runs only when somebody waits for it, with the arguments it was
// enqueued with.
#pragma once

#include <memory>

#include "backend/backend.hpp"

namespace sonde::test {

std::shared_ptr<backend::Backend const> make_distant_backend();

}  // namespace sonde::test
