#include "os/vcpu_threads.h"

#include <unistd.h>

#include <set>

#include "../fake_proc.h"
#include "fuzz.h"

using namespace ballast;

namespace {

constexpr size_t kWords = 4;
// A number that no process has.
constexpr pid_t kPid = 7;

// Made once: it is the files in it that change.
test::FakeProc& Proc() {
  static test::FakeProc proc;
  return proc;
}

}  // namespace

// A process of up to three threads: its command line, then each thread's comm, schedstat and stat, a line
// each. Read twice: by what is open since the first time.
FUZZ(input) {
  const std::string pid = std::to_string(kPid);
  Proc().AddProcess(kPid, std::string(input.Until('\n')));
  const auto found = FindQemuProcesses(Proc().path(), {{"u-u", "web"}, {"", ""}});
  CHECK(found.size() <= 1);
  for (const auto& [uuid, process] : found) {
    CHECK_EQ(uuid, "u-u");
    CHECK_EQ(process, kPid);
  }

  // The affinity is asked for by number: ours exists, the other does not.
  std::set<pid_t> tids;
  for (const pid_t tid : {gettid(), pid_t{1 << 30}}) {
    if (input.empty()) break;
    Proc().WriteThread(kPid, tid, std::string(input.Until('\n')), std::string(input.Until('\n')),
                       std::string(input.Until('\n')));
    tids.insert(tid);
  }
  VcpuThreads threads(Proc().path(), kPid);
  for (int turn = 0; turn < 2; ++turn) {
    std::vector<VcpuReading> readings;
    std::vector<uint32_t> affinity;
    const bool read = threads.Read(readings, affinity, kWords);
    CHECK_EQ(read, !readings.empty());
    CHECK(readings.size() <= tids.size());
    CHECK_EQ(affinity.size(), readings.size() * kWords);
    for (const VcpuReading& reading : readings) {
      CHECK(reading.last_cpu >= -1);
      CHECK(tids.count(static_cast<pid_t>(reading.counters.thread)) == 1);
    }
  }
  Proc().RemoveProcess(kPid);
}
