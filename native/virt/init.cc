#include "virt/init.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <mutex>
#include <thread>

#include "virt/error.h"

namespace ballast {
namespace {

void RunEventLoop() {
  for (;;) virEventRunDefaultImpl();
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
