#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace ballast {

// Timers: each action runs at its time unless it was cancelled before. They share one thread, which is
// started when first needed and ended by Stop.
class Deadlines : public std::enable_shared_from_this<Deadlines> {
 public:
  using Clock = std::chrono::steady_clock;
  using Ticket = std::pair<Clock::time_point, uint64_t>;

  // `action` must not block or throw. Throws std::system_error when the process may have no more threads.
  Ticket Set(std::chrono::milliseconds from_now, std::function<void()> action);
  void Cancel(const Ticket& ticket);
  void Stop();

 private:
  void Watch();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Ticket, std::function<void()>> actions_;
  uint64_t next_ = 0;
  bool watching_ = false;
  bool stopped_ = false;
};

}  // namespace ballast
