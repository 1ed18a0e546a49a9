#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace ballast {

// A pool of threads for calls that may block indefinitely: libvirt's calls cannot be cancelled. A thread is
// added whenever all are busy, up to a bound, and ends after some idle time. Threads are detached and own the
// pool together, so that nothing waits for one that hangs. Node's own few threads are not used: a handful of
// stuck guests would stop all of its file and DNS operations.
class ThreadPool : public std::enable_shared_from_this<ThreadPool> {
 public:
  explicit ThreadPool(size_t most_threads) : most_threads_(most_threads) {}
  // Jobs beyond the bound wait for a thread. `report`, if any, tells what came of the job: it is run when the
  // thread counts as idle again, so that whoever hears it and asks for the next job adds no thread. It must
  // not block; neither may throw. Throws std::system_error when there is no thread and the process may not
  // have one.
  void Run(std::function<void()> job, std::function<void()> report = {});

 private:
  struct Job {
    std::function<void()> run;
    std::function<void()> report;
  };
  void AddThread();
  void Work();

  const size_t most_threads_;
  std::mutex mutex_;
  std::condition_variable job_came_;
  std::deque<Job> jobs_;
  size_t threads_ = 0;
  size_t idle_ = 0;
};

}  // namespace ballast
