#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "os/fd.h"
#include "virt/connection.h"

namespace ballast {

// Columns of lib/host/sample.ts' MemorySample in its units: bytes, unless said otherwise.
enum class MemoryColumn : size_t {
  kMaximum,
  kActual,
  kAvailable,
  kUnused,
  kUsable,
  kDiskCaches,
  kSwapIn,
  kSwapOut,
  kRss,
  kMajorFaults,  // count
  kLastUpdate,   // milliseconds since the epoch
  kHugePages,    // this and the next only of a process that we can see
  kRssFile,
  kCount,
};
constexpr size_t kMemoryColumns = static_cast<size_t>(MemoryColumn::kCount);

enum class MemoryStatus : uint8_t { kFresh = 0, kStuck = 1, kGone = 2, kFailed = 3 };

struct MemoryReading {
  MemoryReading() { values.fill(std::numeric_limits<double>::quiet_NaN()); }
  double& operator[](MemoryColumn column) { return values[static_cast<size_t>(column)]; }
  MemoryStatus status = MemoryStatus::kStuck;
  std::array<double, kMemoryColumns> values;
};

// Asks QEMU's monitor: takes as long as the guest takes.
MemoryReading ReadStatistics(const Connection& connection, int id);
// What libvirt knows without asking QEMU, so for a stuck guest too.
void ReadLevels(const Connection& connection, const ActiveDomain& domain, MemoryReading& reading);
// What the kernel says of a domain's QEMU, and libvirt does not. `process` is its /proc/PID/status.
void ReadProcess(const Fd& process, MemoryReading& reading);

}  // namespace ballast
