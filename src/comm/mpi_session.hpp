// The life of MPI in this process.
#pragma once

namespace sonde::comm {

/// Starts MPI when made and ends it when destroyed; one per program, first object of main. Works without a launcher
/// (one rank).
///
/// Destroyed by an exception in a run of several ranks, it aborts the run instead: the other ranks are elsewhere, and
/// MPI_Finalize would wait for them for ever.
///
/// Threads: any thread may call into sonde::comm, but never two at a time (MPI_THREAD_SERIALIZED). Only WorkCounter
/// takes care of that itself; everything else is called by the main thread while no other thread uses MPI.
class MpiSession {
 public:
  MpiSession(int& argc, char**& argv);
  ~MpiSession();
  MpiSession(MpiSession const&) = delete;
  MpiSession& operator=(MpiSession const&) = delete;

 private:
  int exceptions_at_birth_;
};

/// Ends this process with this exit status once all ranks have called it, without destroying anything: other threads
/// may be at work, outside MPI.
[[noreturn]] void end_run(int status);

/// Ends every rank of the run at once with this exit status (1 when MPI is not up: ends the process). The message, when
/// not empty, is printed first.
[[noreturn]] void abort_run(int status, char const* message = "");

}  // namespace sonde::comm
