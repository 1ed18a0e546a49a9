#include "virt/init.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>

#include "virt/error.h"

namespace ballast {
namespace {

constexpr std::chrono::milliseconds kFirstPause{10};
constexpr std::chrono::milliseconds kLongestPause{10'000};

// Each run waits for what there is to do. One that fails (no more descriptors, no memory) fails at once,
// perhaps again and again: the pauses keep it from taking a whole processor.
void RunEventLoop() {
  std::chrono::milliseconds pause{0};
  bool reported = false;
  for (;;) {
    if (virEventRunDefaultImpl() == 0) {
      pause = std::chrono::milliseconds{0};
      continue;
    }
    const VirtError error = TakeLastError("virEventRunDefaultImpl");
    if (!reported) {
      fprintf(
          stderr,
          "ballast: libvirt's event loop fails: %s. It is retried; until it works, events and keepalive are "
          "late or missing.\n",
          error.message.c_str());
      reported = true;
    }
    pause = std::clamp(pause * 2, kFirstPause, kLongestPause);
    std::this_thread::sleep_for(pause);
  }
}

void Initialize() {
  virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
  if (virInitialize() != 0) ThrowLastError("virInitialize");
  if (virEventRegisterDefaultImpl() != 0) ThrowLastError("virEventRegisterDefaultImpl");
  std::thread(RunEventLoop).detach();
}

}  // namespace

void InitLibvirt() {
  static std::once_flag once;
  std::call_once(once, Initialize);
}

}  // namespace ballast
