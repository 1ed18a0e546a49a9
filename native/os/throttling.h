#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "os/fd.h"

namespace ballast {

// The path of a thread's group in the hierarchy of the cpu controller, from /proc/PID/task/TID/cgroup, below
// the root of the file system of cgroups ("/machine.slice/…/vcpu0", "/cpu/machine/…/vcpu0"), where libvirt
// made that group for one vCPU alone: what is counted of another is not this thread's.
std::optional<std::string> ParseVcpuGroup(std::string_view text);

// The nanoseconds of `throttled_usec` or `throttled_time` in a cpu.stat or cpu.stat.local.
std::optional<uint64_t> ParseThrottled(std::string_view text);

// For how long the quotas of its cgroups have held a vCPU's thread back, as the kernel counts it: those of
// all groups above it where it has cpu.stat.local (Linux 6.6), otherwise that of its own group.
class Throttling {
 public:
  // `tasks` is /proc/PID/task, `cgroups` the root of the file system of cgroups.
  Throttling(const std::string& tasks, const std::string& cgroups, pid_t tid);
  // Nanoseconds since the group was made; nothing where it is not known.
  std::optional<uint64_t> Read();
  bool is_known() const { return stat_.is_open(); }

 private:
  Fd stat_;  // closed: there is none
};

}  // namespace ballast
