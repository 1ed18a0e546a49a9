#include "os/vcpu_threads.h"

#include "check.h"
#include "fake_proc.h"
#include "util/cpu_bitmap.h"

namespace ballast {
namespace {

using test::AllowedCpus;
using test::FakeProc;
using test::ParkedThread;
using test::PinThread;
using test::QemuCmdline;

constexpr pid_t kQemu = 4711;
constexpr size_t kWords = 32;  // 1,024 CPUs

struct Answer {
  bool ok;
  std::vector<VcpuReading> readings;
  std::vector<uint32_t> affinity;
};

Answer ReadFrom(VcpuThreads& threads) {
  Answer answer{};
  answer.ok = threads.Read(answer.readings, answer.affinity, kWords);
  CHECK_EQ(answer.affinity.size(), answer.readings.size() * kWords);
  CHECK(answer.ok == !answer.readings.empty());
  return answer;
}

// A QEMU with its main thread, an I/O thread and these vCPU threads.
struct FakeQemu {
  explicit FakeQemu(size_t vcpus) : parked(vcpus) {
    proc.AddProcess(kQemu, "");
    proc.AddThread(kQemu, 1, "qemu-system-x86", 1, 1, 0);
    proc.AddThread(kQemu, 2, "IO mon_iothread", 1, 1, 0);
    for (uint32_t vcpu = 0; vcpu < vcpus; ++vcpu) Plug(vcpu, parked[vcpu]);
  }
  void Plug(uint32_t vcpu, const ParkedThread& thread) {
    proc.AddThread(kQemu, thread.tid(), "CPU " + std::to_string(vcpu) + "/KVM", 1'000 + vcpu, 2'000 + vcpu,
                   5);
  }
  FakeProc proc;
  std::vector<ParkedThread> parked;
};

TEST("vCPU threads: one reading for each vCPU, in order, with its counters") {
  FakeQemu qemu(3);
  VcpuThreads threads(qemu.proc.path(), kQemu);
  qemu.proc.SetCounters(kQemu, qemu.parked[1].tid(), UINT64_MAX, 9007199254740993);
  const Answer answer = ReadFrom(threads);
  CHECK_EQ(answer.readings.size(), 3u);
  for (uint32_t vcpu = 0; vcpu < 3; ++vcpu) {
    CHECK_EQ(answer.readings[vcpu].vcpu, vcpu);
    CHECK_EQ(answer.readings[vcpu].counters.thread, static_cast<uint64_t>(qemu.parked[vcpu].tid()));
    CHECK(answer.readings[vcpu].counters.at > 0);
  }
  CHECK_EQ(answer.readings[0].counters.run, 1'000u);
  CHECK_EQ(answer.readings[0].counters.delay.value(), 2'000u);
  CHECK_EQ(answer.readings[1].counters.run, UINT64_MAX);
  CHECK_EQ(answer.readings[1].counters.delay.value(), 9007199254740993u);
}

TEST("vCPU threads: one thread for all vCPUs is known as such, and gives no readings") {
  FakeQemu qemu(0);
  VcpuThreads threads(qemu.proc.path(), kQemu);
  CHECK(!ReadFrom(threads).ok);
  CHECK(!threads.has_thread_of_all());
  qemu.proc.AddThread(kQemu, 3, "ALL CPUs/TCG", 1'000, 2'000, 0);
  CHECK(!ReadFrom(threads).ok);
  CHECK(threads.has_thread_of_all());
}

TEST("vCPU threads: open descriptors see new counters") {
  FakeQemu qemu(1);
  VcpuThreads threads(qemu.proc.path(), kQemu);
  const Answer first = ReadFrom(threads);
  qemu.proc.SetCounters(kQemu, qemu.parked[0].tid(), 5'000'000, 6'000'000);
  const Answer second = ReadFrom(threads);
  CHECK_EQ(second.readings[0].counters.run, 5'000'000u);
  CHECK_EQ(second.readings[0].counters.delay.value(), 6'000'000u);
  CHECK(second.readings[0].counters.at >= first.readings[0].counters.at);
}

TEST("vCPU threads: affinity and place of a pinned and of a free one") {
  FakeQemu qemu(2);
  const std::vector<int> cpus = AllowedCpus();
  PinThread(qemu.parked[0].tid(), cpus.back());
  VcpuThreads threads(qemu.proc.path(), kQemu);
  const Answer answer = ReadFrom(threads);
  CHECK_EQ(CountCpus(answer.affinity.data(), kWords), 1u);
  CHECK_EQ(FirstCpu(answer.affinity.data(), kWords), cpus.back());
  CHECK_EQ(answer.readings[0].last_cpu, cpus.back());
  CHECK_EQ(CountCpus(&answer.affinity[kWords], kWords), cpus.size());
  for (const int cpu : cpus) {
    CHECK((answer.affinity[kWords + static_cast<size_t>(cpu) / 32] >> cpu % 32 & 1) != 0);
  }
  CHECK_EQ(answer.readings[1].last_cpu, cpus.size() == 1 ? cpus[0] : 5);
}

TEST("vCPU threads: a new pin is seen at the next reading") {
  FakeQemu qemu(1);
  VcpuThreads threads(qemu.proc.path(), kQemu);
  ReadFrom(threads);
  PinThread(qemu.parked[0].tid(), AllowedCpus().front());
  CHECK_EQ(ReadFrom(threads).readings[0].last_cpu, AllowedCpus().front());
}

TEST("vCPU threads: a hot-plugged vCPU joins, an unplugged one leaves") {
  FakeQemu qemu(1);
  VcpuThreads threads(qemu.proc.path(), kQemu);
  CHECK_EQ(ReadFrom(threads).readings.size(), 1u);
  {
    const ParkedThread plugged;
    qemu.Plug(1, plugged);
    const Answer two = ReadFrom(threads);
    CHECK_EQ(two.readings.size(), 2u);
    CHECK_EQ(two.readings[1].vcpu, 1u);
    qemu.proc.RemoveThread(kQemu, plugged.tid());
  }
  const Answer one = ReadFrom(threads);
  CHECK_EQ(one.readings.size(), 1u);
  CHECK_EQ(one.readings[0].vcpu, 0u);
}

// Reads as often as it takes to list the threads anew, whatever their number says.
Answer ReadUntilListed(VcpuThreads& threads) {
  for (uint64_t turn = 1; turn < VcpuThreads::kListingInterval; ++turn) ReadFrom(threads);
  return ReadFrom(threads);
}

TEST("vCPU threads: one that comes as another thread ends is found all the same") {
  FakeQemu qemu(1);
  VcpuThreads threads(qemu.proc.path(), kQemu);
  CHECK_EQ(ReadFrom(threads).readings.size(), 1u);
  const ParkedThread plugged;
  qemu.proc.RemoveThread(kQemu, 2);
  qemu.Plug(1, plugged);  // as many threads as before
  const Answer answer = ReadUntilListed(threads);
  CHECK_EQ(answer.readings.size(), 2u);
  CHECK_EQ(answer.readings[1].counters.thread, static_cast<uint64_t>(plugged.tid()));
}

TEST("vCPU threads: one that had no name of its own yet is found when it has") {
  FakeQemu qemu(1);
  const ParkedThread plugged;
  qemu.proc.AddThread(kQemu, plugged.tid(), "qemu-system-x86", 1, 1, 0);
  VcpuThreads threads(qemu.proc.path(), kQemu);
  CHECK_EQ(ReadFrom(threads).readings.size(), 1u);
  qemu.Plug(1, plugged);
  CHECK_EQ(ReadUntilListed(threads).readings.size(), 2u);
}

TEST("vCPU threads: one that is replaced between two readings is another thread") {
  FakeQemu qemu(2);
  VcpuThreads threads(qemu.proc.path(), kQemu);
  ReadFrom(threads);
  const ParkedThread successor;
  qemu.proc.RemoveThread(kQemu, qemu.parked[1].tid());
  qemu.Plug(1, successor);  // as many threads as before
  const Answer answer = ReadFrom(threads);
  CHECK_EQ(answer.readings.size(), 2u);
  CHECK_EQ(answer.readings[1].counters.thread, static_cast<uint64_t>(successor.tid()));
}

TEST("vCPU threads: a number used again is not taken for the thread that had it") {
  FakeQemu qemu(2);
  VcpuThreads threads(qemu.proc.path(), kQemu);
  ReadFrom(threads);
  qemu.proc.RemoveThread(kQemu, qemu.parked[1].tid());
  qemu.proc.AddThread(kQemu, qemu.parked[1].tid(), "CPU 1/KVM", 77, 88, 5);
  const Answer answer = ReadFrom(threads);
  CHECK_EQ(answer.readings.size(), 2u);
  CHECK_EQ(answer.readings[1].counters.run, 77u);
}

TEST("vCPU threads: of a process that is gone nothing is appended") {
  FakeQemu qemu(2);
  VcpuThreads threads(qemu.proc.path(), kQemu);
  std::vector<VcpuReading> readings(3);
  std::vector<uint32_t> affinity(3 * kWords, 1);
  CHECK(threads.Read(readings, affinity, kWords));
  CHECK_EQ(readings.size(), 5u);
  for (const ParkedThread& parked : qemu.parked) qemu.proc.RemoveThread(kQemu, parked.tid());
  qemu.proc.RemoveProcess(kQemu);
  CHECK(!threads.Read(readings, affinity, kWords));
  CHECK_EQ(readings.size(), 5u);
  CHECK_EQ(affinity.size(), 5 * kWords);
}

TEST("vCPU threads: when one thread cannot be read, no half of a domain is") {
  FakeQemu qemu(2);
  qemu.parked[1].Leave();  // its files are there, its affinity is not to be had
  VcpuThreads threads(qemu.proc.path(), kQemu);
  CHECK(!ReadFrom(threads).ok);
}

TEST("vCPU threads: a process without any is not read") {
  FakeQemu qemu(0);
  VcpuThreads threads(qemu.proc.path(), kQemu);
  CHECK(!ReadFrom(threads).ok);
  VcpuThreads nobody(qemu.proc.path(), kQemu + 1);
  CHECK(!ReadFrom(nobody).ok);
}

TEST("vCPU threads: descriptors are closed again") {
  const auto open_files = [] {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      static_cast<void>(entry);
      ++count;
    }
    return count;
  };
  FakeQemu qemu(4);
  const size_t before = open_files();
  for (int turn = 0; turn < 100; ++turn) {
    VcpuThreads threads(qemu.proc.path(), kQemu);
    CHECK_EQ(ReadFrom(threads).readings.size(), 4u);
    qemu.proc.RemoveThread(kQemu, qemu.parked[3].tid());
    CHECK_EQ(ReadFrom(threads).readings.size(), 3u);
    qemu.Plug(3, qemu.parked[3]);
    CHECK_EQ(ReadFrom(threads).readings.size(), 4u);
  }
  CHECK_EQ(open_files(), before);
}
TEST("QEMU processes: found by UUID and name together") {
  FakeProc proc;
  proc.AddProcess(10, QemuCmdline("u-1", "web"));
  proc.AddProcess(11, QemuCmdline("u-2", "db,main"));
  proc.AddProcess(12, QemuCmdline("u-3", "other"));
  proc.AddProcess(13, std::string("bash\0-c\0sleep\0", 14));
  proc.AddProcess(14, "");  // a kernel thread
  const auto found = FindQemuProcesses(
      proc.path(), {{"u-1", "web"}, {"u-2", "db,main"}, {"u-3", "renamed"}, {"u-4", "gone"}});
  CHECK_EQ(found.size(), 1u);
  CHECK_EQ(found.at("u-1"), 10);
}

TEST("QEMU processes: two hosts' guests of the same UUID and name are nobody's") {
  FakeProc proc;
  proc.AddProcess(10, QemuCmdline("u-1", "web"));
  proc.AddProcess(11, QemuCmdline("u-1", "web"));
  proc.AddProcess(12, QemuCmdline("u-2", "db"));
  const auto found = FindQemuProcesses(proc.path(), {{"u-1", "web"}, {"u-2", "db"}});
  CHECK_EQ(found.size(), 1u);
  CHECK_EQ(found.at("u-2"), 12);
}

TEST("QEMU processes: a command line of many pages is read whole") {
  FakeProc proc;
  std::string cmdline = "qemu";
  cmdline += '\0';
  for (int i = 0; i < 2'000; ++i)
    cmdline += "-device" + std::string(1, '\0') + "virtio-blk" + std::string(1, '\0');
  proc.AddProcess(10, cmdline + QemuCmdline("u-1", "web"));
  CHECK_EQ(FindQemuProcesses(proc.path(), {{"u-1", "web"}}).size(), 1u);
}

TEST("QEMU processes: no domains, or no /proc, is no process") {
  FakeProc proc;
  proc.AddProcess(10, QemuCmdline("u-1", "web"));
  CHECK(FindQemuProcesses(proc.path(), {}).empty());
  CHECK(FindQemuProcesses(proc.path() + "/nothing", {{"u-1", "web"}}).empty());
}

}  // namespace
}  // namespace ballast
