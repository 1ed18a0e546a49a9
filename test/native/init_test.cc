#include "virt/init.h"

#include <fcntl.h>
#include <libvirt/virterror.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "check.h"
#include "fake_libvirt.h"
#include "fake_proc.h"
#include "os/fd.h"

namespace ballast {
namespace {

using std::chrono::milliseconds;

TEST("event loop: one that fails is retried with growing pauses, and reported once") {
  const test::FakeProc directory;
  const std::string output = directory.path() + "/stderr";
  const int file = open(output.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  const int standard_error = dup(2);
  CHECK_EQ(dup2(file, 2), 2);
  close(file);
  static std::atomic<int> runs{0};
  test::FakeLibvirt::Get().run_event_loop = [] {
    ++runs;
    test::FakeLibvirt::SetError(VIR_ERR_SYSTEM_ERROR, "poll: no descriptors");
    return -1;
  };
  InitLibvirt();
  InitLibvirt();
  std::this_thread::sleep_for(milliseconds(500));
  const int so_far = runs;
  const std::string reported = ReadFile(output);
  CHECK_EQ(dup2(standard_error, 2), 2);
  close(standard_error);
  CHECK(so_far >= 2);
  CHECK(so_far <= 7);  // after 0, 10, 30, 70, 150 and 310 ms
  const std::string message = "ballast: libvirt's event loop fails: poll: no descriptors.";
  CHECK_EQ(reported.substr(0, message.size()), message);
  CHECK_EQ(reported.find('\n'), reported.size() - 1);
}

TEST("event loop: one that works again starts with the shortest pause when it next fails") {
  static std::atomic<int> runs{0};
  test::FakeLibvirt::Get().run_event_loop = [] {
    // Every other one fails: without a reset the tenth would be 5 s late.
    if (++runs > 20) std::this_thread::sleep_for(milliseconds(10));
    return runs % 2 == 0 ? 0 : -1;
  };
  InitLibvirt();
  const auto begun = std::chrono::steady_clock::now();
  while (runs < 20) {
    std::this_thread::sleep_for(milliseconds(1));
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(4));
  }
}

}  // namespace
}  // namespace ballast
