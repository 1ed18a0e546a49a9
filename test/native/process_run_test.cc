#include "os/process_run.h"

#include <unistd.h>

#include "check.h"
#include "fake_proc.h"

namespace ballast {
namespace {

using test::FakeProc;

TEST("process run: another start or another boot is another run, the same number or not") {
  FakeProc proc;
  proc.AddProcess(10, "qemu");
  proc.AddProcess(11, "qemu");
  proc.SetRun(10, "boot-a", 100);
  proc.SetRun(11, "boot-a", 101);
  const std::string first = RunOfProcess(proc.path(), 10);
  CHECK_EQ(first, std::string("boot-a/100"));
  CHECK(RunOfProcess(proc.path(), 11) != first);
  proc.SetRun(10, "boot-b", 100);
  CHECK(RunOfProcess(proc.path(), 10) != first);
}

TEST("process run: unknown for a process that has ended, and without a boot id") {
  FakeProc proc;
  proc.AddProcess(10, "qemu");
  CHECK(RunOfProcess(proc.path(), 10).empty());
  proc.SetRun(10, "", 100);
  CHECK(RunOfProcess(proc.path(), 10).empty());
  proc.SetRun(10, "boot-a", 100);
  proc.RemoveProcess(10);
  CHECK(RunOfProcess(proc.path(), 10).empty());
}

TEST("process run: this process has one, and it stays") {
  const std::string mine = RunOfProcess("/proc", getpid());
  CHECK(mine.size() > 36);  // a UUID and a number
  CHECK_EQ(RunOfProcess("/proc", getpid()), mine);
}

}  // namespace
}  // namespace ballast
