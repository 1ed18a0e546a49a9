#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <system_error>
#include <thread>
#include <vector>

namespace ballast {

// Calls `work` with every number below `count`, in up to `threads` threads at once, this one among them, and
// returns when all is done. `work` must not throw.
inline void InParallel(size_t count, size_t threads, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next{0};
  const auto take = [&] {
    for (size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::thread> others;
  try {
    while (others.size() + 1 < std::min(count, threads)) others.emplace_back(take);
  } catch (const std::system_error&) {
    // The process may have no more threads: those that there are do the work.
  }
  take();
  for (std::thread& other : others) other.join();
}

}  // namespace ballast
