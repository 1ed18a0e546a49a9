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
  // Jobs beyond the bound wait for a thread. `job` must not throw. Throws std::system_error when there is no
  // thread and the process may not have one.
  void Run(std::function<void()> job);

 private:
  void AddThread();
  void Work();

  const size_t most_threads_;
  std::mutex mutex_;
  std::condition_variable job_came_;
  std::deque<std::function<void()>> jobs_;
  size_t threads_ = 0;
  size_t idle_ = 0;
};

}  // namespace ballast
