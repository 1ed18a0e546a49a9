#pragma once

#include <cstdint>
#include <optional>

#include "virt/connection.h"

namespace ballast {

// Kernel same-page merging (KSM), by libvirt's node memory parameters.
struct KsmState {
  uint32_t pages_to_scan;
  uint32_t sleep_milliseconds;
  uint64_t pages_sharing;       // pages that are saved
  std::optional<bool> running;  // only the local kernel tells
};

// Both block and throw VirtFailure; neither asks a monitor.

// Nothing where the host has none.
std::optional<KsmState> ReadKsm(const Connection& connection);
void SetKsm(const Connection& connection, uint32_t pages_to_scan, uint32_t sleep_milliseconds);

}  // namespace ballast
