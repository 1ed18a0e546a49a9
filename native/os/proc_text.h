#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Readers for the texts that the kernel shows under /proc. Each takes the text and no file, so that they
// can be tested with anything; text that is not as expected gives nullopt or an empty list.
namespace ballast {

struct Schedstat {
  uint64_t run;    // ns on a CPU
  uint64_t delay;  // ns on a run queue, waiting
};
// /proc/PID/task/TID/schedstat: "run delay timeslices".
std::optional<Schedstat> ParseSchedstat(std::string_view text);

// Field 39 of /proc/PID/task/TID/stat: the CPU that the thread ran on last.
std::optional<int32_t> ParseLastCpu(std::string_view text);

// Field 22 of /proc/PID/stat: when the process started, in clock ticks since the host booted.
std::optional<uint64_t> ParseStartTime(std::string_view text);

// /proc/PID/task/TID/comm of a QEMU vCPU thread ("CPU 3/KVM", "CPU 3/TCG"): the vCPU's number.
std::optional<uint32_t> ParseVcpuThreadName(std::string_view text);
// Whether it is the thread of all vCPUs together ("ALL CPUs/TCG"): software emulation may have just one.
bool IsThreadOfAllVcpus(std::string_view text);

// What /proc/PID/cmdline (arguments separated by NUL) tells of a QEMU that libvirt started.
struct QemuCommand {
  std::string_view uuid;  // of `-uuid`
  std::string_view name;  // of `-name`, as it stands there: "guest=NAME,debug-threads=on"
};
std::optional<QemuCommand> ParseQemuCommand(std::string_view cmdline);
// Whether a `-name` option is that of this guest.
bool NamesGuest(std::string_view name_option, std::string_view guest);

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
  // Counters near the end of their range add up to more than they can hold.
  const auto busy = static_cast<double>(now.busy - before.busy);
  const double elapsed = busy + static_cast<double>(now.idle - before.idle);
  return elapsed == 0 ? kUnknown : busy / elapsed;
}

// The "cpuN" lines of /proc/stat in clock ticks, indexed by CPU number; waiting for disks is idle.
std::vector<PcpuTimes> ParsePcpuTimes(std::string_view text);

// A list of CPUs as the kernel writes it ("0-3,8"), as a bitmap of `word_count` words, which are overwritten;
// CPUs beyond them are dropped. False, and words of any value, for what is no such list; an empty list is
// one.
bool ParseCpuList(std::string_view text, uint32_t* words, size_t word_count);

// The cgroup that bounds where all threads of a QEMU may run, from /proc/PID/cgroup: of libvirt's own
// subgroups for single threads ("/libvirt/emulator", "/vcpu0") the one that holds them all.
struct CpusetGroup {
  bool unified;      // cgroups v2
  std::string path;  // below the root of its hierarchy, with a slash in front
};
std::optional<CpusetGroup> ParseCpusetGroup(std::string_view text);

// A field of /proc/meminfo ("MemAvailable") or of /proc/PID/status ("HugetlbPages") in KiB.
std::optional<uint64_t> ParseMeminfo(std::string_view text, std::string_view field);

// "some avg10" of /proc/pressure/memory, 0 to 1: the part of the last 10 s in which some task waited.
std::optional<double> ParsePressure(std::string_view text);

// Bytes that the ZFS ARC holds above its minimum (size above c_min), by /proc/spl/kstat/zfs/arcstats.
std::optional<uint64_t> ParseReclaimableArc(std::string_view text);

// A file that holds one number.
std::optional<uint64_t> ParseCount(std::string_view text);

// The number that a name has between its beginning and its end: 2048 in "hugepages-2048kB".
std::optional<uint64_t> ParseNumberBetween(std::string_view name, std::string_view begin,
                                           std::string_view end);

}  // namespace ballast
