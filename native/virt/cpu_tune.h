#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "virt/connection.h"

namespace ballast {

// A running domain's scheduler parameters: its weight in the host's fair scheduler, and its quotas (CFS
// bandwidth control). They are its cgroup's, so there are none without cgroups (session mode). All block,
// throw VirtFailure and ask no monitor.

// Quota and period in microseconds, as libvirt has them: which values mean "no limit" is up to the reader.
struct CpuBandwidth {
  std::optional<int64_t> quota;
  std::optional<uint64_t> period;
};
struct CpuTune {
  std::optional<uint64_t> shares;  // cpu_shares
  CpuBandwidth vcpu;
  CpuBandwidth global;
  CpuBandwidth emulator;
};

// What the driver does not know is left out.
CpuTune ReadCpuTune(const Connection& connection, const std::string& uuid);
void SetCpuShares(const Connection& connection, const DomainRun& run, uint64_t shares);

}  // namespace ballast
