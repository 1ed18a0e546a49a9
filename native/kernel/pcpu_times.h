#pragma once

#include <cstdint>
#include <limits>

namespace ballast {

// What one pCPU has done since the host booted, in any unit of time. All zero: not known, or offline.
struct PcpuTimes {
  uint64_t busy = 0;
  uint64_t idle = 0;
};

// The fraction of the time between two readings that the pCPU was busy; NaN is unknown: it was offline, or
// a counter stood still or went backwards.
inline double BusyBetween(const PcpuTimes& before, const PcpuTimes& now) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  if (before.busy == 0 && before.idle == 0) return kUnknown;
  if (now.busy < before.busy || now.idle < before.idle) return kUnknown;
  const uint64_t busy = now.busy - before.busy;
  const uint64_t elapsed = busy + (now.idle - before.idle);
  return elapsed == 0 ? kUnknown : static_cast<double>(busy) / static_cast<double>(elapsed);
}

}  // namespace ballast
