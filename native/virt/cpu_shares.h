#pragma once

#include <cstdint>
#include <string>

#include "virt/connection.h"

namespace ballast {

// A running domain's weight in the host's fair scheduler: the scheduler parameter cpu_shares. It is its
// cgroup's, so there is none without cgroups (session mode). Both block, throw VirtFailure and ask no
// monitor.

// Zero: the driver knows no such parameter.
uint64_t ReadCpuShares(const Connection& connection, const std::string& uuid);
void SetCpuShares(const Connection& connection, const DomainRun& run, uint64_t shares);

}  // namespace ballast
