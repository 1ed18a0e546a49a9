#include "util/watchdog.h"

#include <utility>

namespace ballast {
namespace {
constexpr int kParts = 4;
}

Watchdog::Watchdog(std::chrono::milliseconds limit, std::function<void()> on_hang)
    : part_(std::chrono::nanoseconds(limit) / kParts),
      on_hang_(std::move(on_hang)),
      thread_([this] { Watch(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  stop_.notify_one();
  thread_.join();
}

void Watchdog::Watch() {
  uint64_t seen = pings_.load(std::memory_order_relaxed);
  std::unique_lock<std::mutex> lock(mutex_);
  for (int missed = 0; missed < kParts;) {
    if (stop_.wait_for(lock, part_, [this] { return stopped_; })) return;
    const uint64_t now = pings_.load(std::memory_order_relaxed);
    missed = now == seen ? missed + 1 : 0;
    seen = now;
  }
  lock.unlock();
  on_hang_();
}

}  // namespace ballast
