#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "os/fd.h"
#include "os/throttling.h"
#include "util/counter_rates.h"

namespace ballast {

// What is known of one vCPU now.
struct VcpuReading {
  uint32_t vcpu;
  CounterReading counters;
  int32_t last_cpu;  // -1: unknown
};

// The vCPU threads of one QEMU process, read through file descriptors that are kept open: 50 times cheaper
// than asking libvirt, and no monitor is involved. A descriptor stays tied to its thread: once that is
// gone, reading fails, even if its number is used again.
class VcpuThreads {
 public:
  // Reads after which a change of threads that leaves their number as it was is seen.
  static constexpr uint64_t kListingInterval = 8;

  // Finds the threads of process `pid` below `proc` ("/proc"; something else in tests, like `cgroups`).
  VcpuThreads(std::string proc, pid_t pid, std::string cgroups = "/sys/fs/cgroup");

  // Reads all vCPUs: appends to `readings` and, `word_count` words each, to `affinity`. False when the
  // process is gone or its vCPU threads cannot be read: then nothing is appended.
  bool Read(std::vector<VcpuReading>& readings, std::vector<uint32_t>& affinity, size_t word_count);
  // Whether all its vCPUs share one thread, as of the last reading: there is nothing to read of each then.
  bool has_thread_of_all() const { return has_thread_of_all_; }

 private:
  struct Thread {
    uint32_t vcpu;
    pid_t tid;
    Fd schedstat;
    Throttling throttling;
    Fd stat;  // opened when the vCPU is free to move: otherwise its affinity says where it is
    std::optional<VcpuReading> place;  // as `stat` was read last
  };
  // Looks for threads that came or went; cheap when none did.
  bool Refresh();
  bool ReadOnce(std::vector<VcpuReading>& readings, std::vector<uint32_t>& affinity, size_t word_count);

  std::string tasks_;  // /proc/PID/task
  std::string cgroups_;
  uint64_t reads_;  // not all processes' threads are listed in the same sample
  uint64_t thread_count_ = 0;
  std::vector<Thread> threads_;  // ascending by vCPU
  bool has_thread_of_all_ = false;
};

struct QemuIdentity {
  std::string uuid;
  std::string name;
};
// The processes that run these domains, by UUID, found by their command lines. A domain of which there is no
// process here, or more than one, is not in the answer: another source has to serve it.
std::unordered_map<std::string, pid_t> FindQemuProcesses(const std::string& proc,
                                                         const std::vector<QemuIdentity>& domains);

}  // namespace ballast
