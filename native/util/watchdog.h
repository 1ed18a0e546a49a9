#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace ballast {

// A thread that runs an action once Ping was not called for some time. The time is measured in four parts. A
// process that was stopped as a whole (SIGSTOP, a frozen machine) misses one when it goes on, and has the
// others to ping in.
class Watchdog {
 public:
  // `on_hang` runs on the watching thread, at most once, and must not throw or destroy the watchdog. Throws
  // std::system_error when the process may have no more threads.
  Watchdog(std::chrono::milliseconds limit, std::function<void()> on_hang);
  // Waits until its thread has ended, and so for a running action.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // Takes no lock: any thread may call it at any time.
  void Ping() { pings_.fetch_add(1, std::memory_order_relaxed); }

 private:
  void Watch();

  const std::chrono::nanoseconds part_;
  const std::function<void()> on_hang_;
  std::atomic<uint64_t> pings_{0};
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopped_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace ballast
