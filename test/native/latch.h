#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

#include "check.h"

namespace ballast::test {

// Counts things that threads do and waits for as many; long enough for any machine.
class Latch {
 public:
  void Count() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  size_t count() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return count_;
  }
  void Await(size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    // The system clock: ThreadSanitizer does not know how to wait on the other one.
    const auto limit = std::chrono::system_clock::now() + std::chrono::seconds(60);
    CHECK(changed_.wait_until(lock, limit, [&] { return count_ >= count; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t count_ = 0;
};

}  // namespace ballast::test
