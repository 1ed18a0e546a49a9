#include "os/throttling.h"

#include "check.h"
#include "fake_proc.h"

namespace ballast {
namespace {

using test::FakeProc;

constexpr char kUnified[] = "0::/machine.slice/machine-qemu.scope/libvirt/vcpu0\n";

// Files of cgroups and of one thread.
struct Tree {
  FakeProc files;
  std::string tasks = files.path() + "/task";
  std::string cgroups = files.path() + "/cgroup";
  std::string group;

  Tree(const std::string& cgroup_of_thread, const std::string& path) : group(cgroups + path) {
    std::filesystem::create_directories(tasks + "/7");
    std::filesystem::create_directories(group);
    Write(tasks + "/7/cgroup", cgroup_of_thread);
  }
  static void Write(const std::string& file, const std::string& text) {
    std::ofstream(file, std::ios::trunc) << text;
  }
  std::optional<uint64_t> Read() const { return Throttling(tasks, cgroups, 7).Read(); }
};

TEST("throttling: the group of a vCPU is that of the cpu controller") {
  CHECK_EQ(ParseVcpuGroup(kUnified).value(), "/machine.slice/machine-qemu.scope/libvirt/vcpu0");
  const std::string v1 = "3:cpuset:/machine/a/vcpu2\n2:cpu,cpuacct:/machine/a/vcpu12\n0::/machine/a/vcpu3\n";
  CHECK_EQ(ParseVcpuGroup(v1).value(), "/cpu/machine/a/vcpu12");
  // A group of more than one vCPU's thread says nothing of one vCPU.
  for (const char* text : {"0::/user.slice/session.scope\n", "0::/machine/a/emulator\n", "0::/a/vcpu\n",
                           "0::/a/vcpu1x\n", "", "\n", "0:", "9:name=systemd:/a/vcpu0\n", "0::vcpu0"}) {
    CHECK(!ParseVcpuGroup(text));
  }
}

TEST("throttling: the time is read as both versions of cgroups write it") {
  CHECK_EQ(ParseThrottled("usage_usec 9\nnr_throttled 3\nthrottled_usec 12\n").value(), uint64_t{12'000});
  CHECK_EQ(ParseThrottled("nr_periods 4\nthrottled_time 12\n").value(), uint64_t{12});
  for (const char* text : {"", "throttled_usec\n", "throttled_usec -1\n", "throttled_usec 1x\n", "x 3\n"}) {
    CHECK(!ParseThrottled(text));
  }
}

TEST("throttling: the quotas of the groups above count where the kernel counts them") {
  const Tree tree(kUnified, "/machine.slice/machine-qemu.scope/libvirt/vcpu0");
  CHECK(!tree.Read());
  Tree::Write(tree.group + "/cpu.stat", "throttled_usec 5\n");
  Tree::Write(tree.group + "/cpu.max", "max 100000\n");
  CHECK(!tree.Read());  // only its own is in there, and it has none
  Tree::Write(tree.group + "/cpu.max", "25000 100000\n");
  CHECK_EQ(tree.Read().value(), uint64_t{5'000});
  Tree::Write(tree.group + "/cpu.stat.local", "throttled_usec 7\n");
  CHECK_EQ(tree.Read().value(), uint64_t{7'000});
}

TEST("throttling: under cgroups v1") {
  const Tree tree("1:cpu:/machine/a/vcpu0\n", "/cpu/machine/a/vcpu0");
  Tree::Write(tree.group + "/cpu.stat", "throttled_time 5\n");
  Tree::Write(tree.group + "/cpu.cfs_quota_us", "-1\n");
  CHECK(!tree.Read());
  Tree::Write(tree.group + "/cpu.cfs_quota_us", "25000\n");
  CHECK_EQ(tree.Read().value(), uint64_t{5});
}

}  // namespace
}  // namespace ballast
