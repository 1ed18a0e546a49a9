#pragma once

#include <time.h>

#include <cstdint>

namespace ballast {

// CLOCK_MONOTONIC in nanoseconds: the clock that Node's process.hrtime reads.
inline uint64_t MonotonicNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

inline double NsToMs(uint64_t ns) { return static_cast<double>(ns) / 1e6; }

}  // namespace ballast
