#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace ballast {

// The CPUs that the cgroup of one process lets all of its threads run on: the effective set, which is within
// what is online and within the sets of all groups above. Where a group's own set has been made for its
// threads by libvirt, that of the group above counts (see ParseCpusetGroup).
class Cpuset {
 public:
  // `proc` and `cgroups` are the roots of the two file systems.
  Cpuset(const std::string& proc, const std::string& cgroups, pid_t pid);
  // False where it cannot be read: no cpuset controller, or a mount of cgroups elsewhere. Then `words` are
  // zero.
  bool Read(uint32_t* words, size_t word_count) const;

 private:
  std::string file_;  // empty: there is none
};

}  // namespace ballast
