#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "virt/connection.h"

namespace ballast {

// Live migration of guests, and what decides whether a host can run one. All block and throw VirtFailure.

struct MigrationSettings {
  std::string target_uri;
  std::string data_uri;                // empty: libvirt chooses
  uint64_t bandwidth_mib = 0;          // MiB/s; 0: no limit
  uint64_t downtime_milliseconds = 0;  // 0: libvirt's own
};

// What a migration came to; where libvirt does not tell, nothing.
struct MigrationOutcome {
  double elapsed_milliseconds;
  std::optional<uint64_t> downtime_milliseconds;
  std::optional<uint64_t> memory_processed;
};

// The job that a domain is in. Bytes, milliseconds.
struct MigrationJob {
  bool is_incoming;
  uint64_t elapsed;
  std::optional<uint64_t> memory_total, memory_remaining, memory_processed, bandwidth, dirty_rate, iteration;
};

// What a guest's virtual hardware is of, for libvirt's comparison.
struct GuestHardware {
  std::string virtualization;  // the domain's type: kvm, qemu
  std::string architecture;
  std::string machine;
  std::string cpu;  // XML; empty: none of its own
};

// Lasts until the guest runs on the target and is gone here; minutes, perhaps. Peer to peer: the daemon of
// the source carries it out, and goes on when this process ends. Where that daemon does not reach the target,
// this process is between the two.
MigrationOutcome Migrate(const Connection& connection, const DomainRun& run,
                         const MigrationSettings& settings);
// Asks no monitor. Nothing: no migration is under way.
std::optional<MigrationJob> ReadMigrationJob(const Connection& connection, const std::string& uuid);
// Ends the migration under way, if there is one.
void AbortMigration(const Connection& connection, const std::string& uuid);
// Begins to measure how fast a guest writes its memory. Asks its monitor. False: this libvirt or QEMU cannot.
bool StartDirtyRate(const Connection& connection, const std::string& uuid, int seconds);
// What was measured, in MiB per second; nothing while it is measured.
std::optional<double> ReadDirtyRate(const Connection& connection, const std::string& uuid);
// Why this host cannot run a guest of such hardware, in libvirt's words; empty: it can. What libvirt is too
// old to compare counts as fine: then the migration itself is refused.
std::string ProblemWith(const Connection& connection, const GuestHardware& guest);
// Whether a network of this name is active.
bool HasNetwork(const Connection& connection, const std::string& name);
// Whether a storage pool has a volume of this name.
bool HasVolume(const Connection& connection, const std::string& pool, const std::string& name);

}  // namespace ballast
