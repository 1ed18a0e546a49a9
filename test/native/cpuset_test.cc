#include "os/cpuset.h"

#include <vector>

#include "check.h"
#include "fake_proc.h"

namespace ballast {
namespace {

// What a process may run on, by a bitmap of 32 CPUs.
uint32_t Usable(const Cpuset& cpuset) {
  uint32_t words[1];
  const bool known = cpuset.Read(words, 1);
  CHECK_EQ(known, words[0] != 0);
  return words[0];
}

TEST("cpuset: the effective set of the group that holds all threads, as it is now") {
  test::FakeProc files;
  const std::string slice = "cgroup/machine.slice/";
  files.WriteFile("7/cgroup", "0::/machine.slice/g.scope/libvirt/emulator\n");
  files.WriteFile(slice + "g.scope/libvirt/emulator/cpuset.cpus.effective", "1\n");
  files.WriteFile(slice + "g.scope/cpuset.cpus.effective", "0-3\n");
  const Cpuset cpuset(files.path(), files.path() + "/cgroup", 7);
  CHECK_EQ(Usable(cpuset), 0b1111u);
  files.WriteFile(slice + "g.scope/cpuset.cpus.effective", "0-1\n");
  CHECK_EQ(Usable(cpuset), 0b11u);
}

TEST("cpuset: where a group has no controller the one above bounds it") {
  test::FakeProc files;
  files.WriteFile("7/cgroup", "0::/user.slice/session.scope\n");
  files.WriteFile("cgroup/user.slice/other", "");
  files.WriteFile("cgroup/cpuset.cpus.effective", "0-5\n");
  CHECK_EQ(Usable(Cpuset(files.path(), files.path() + "/cgroup", 7)), 0b111111u);
}

TEST("cpuset: version 1 has a hierarchy and a name of its own") {
  test::FakeProc files;
  files.WriteFile("7/cgroup", "3:cpuset:/machine/g\n0::/\n");
  files.WriteFile("cgroup/cpuset/machine/g/cpuset.effective_cpus", "2\n");
  CHECK_EQ(Usable(Cpuset(files.path(), files.path() + "/cgroup", 7)), 0b100u);
}

TEST("cpuset: not known where nothing can be read, or nothing is in it") {
  test::FakeProc files;
  CHECK_EQ(Usable(Cpuset(files.path(), files.path() + "/cgroup", 7)), 0u);
  files.WriteFile("7/cgroup", "0::/g\n");
  CHECK_EQ(Usable(Cpuset(files.path(), files.path() + "/cgroup", 7)), 0u);
  for (const char* text : {"", "\n", "no list"}) {
    files.WriteFile("cgroup/g/cpuset.cpus.effective", text);
    CHECK_EQ(Usable(Cpuset(files.path(), files.path() + "/cgroup", 7)), 0u);
  }
}

}  // namespace
}  // namespace ballast
