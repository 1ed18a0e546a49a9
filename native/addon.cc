#include <dlfcn.h>
#include <napi.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>

#include "node/async_call.h"
#include "node/connection_wrap.h"
#include "node/file_lock_wrap.h"
#include "node/watchdog_wrap.h"
#include "os/file_pages.h"
#include "os/sd_notify.h"

namespace ballast {
namespace {

std::chrono::milliseconds Milliseconds(const Napi::Value& value) {
  // A year is as good as no limit, and keeps the sum with any clock within 64 bits of nanoseconds.
  constexpr double kLongest = 365.0 * 24 * 3'600'000;
  const double milliseconds = value.As<Napi::Number>().DoubleValue();
  return std::chrono::milliseconds(static_cast<int64_t>(std::min(milliseconds, kLongest)));
}

// Threads of ours outlive a worker: libvirt's event loop, and calls that hang. When the last worker that
// loaded this library ends, Node would unmap it under their feet; this keeps it.
void StayLoaded() {
  static std::once_flag once;
  std::call_once(once, [] {
    Dl_info self{};
    if (dladdr(reinterpret_cast<void*>(&StayLoaded), &self) != 0) {
      dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
    }
  });
}

}  // namespace

// One for each environment; all that is process-wide stands behind call_once.
class BallastAddon : public Napi::Addon<BallastAddon> {
 public:
  BallastAddon(Napi::Env env, Napi::Object exports) : async_call_(std::make_shared<AsyncCall>(env)) {
    StayLoaded();
    connection_constructor_ = Napi::Persistent(ConnectionWrap::Define(env));
    file_lock_constructor_ = Napi::Persistent(FileLockWrap::Define(env));
    watchdog_constructor_ = Napi::Persistent(WatchdogWrap::Define(env));
    DefineAddon(
        exports,
        {InstanceMethod<&BallastAddon::Open>("open"), InstanceMethod<&BallastAddon::LockFile>("lockFile"),
         InstanceMethod<&BallastAddon::IsFileLocked>("isFileLocked"),
         InstanceMethod<&BallastAddon::Notify>("notify"), InstanceMethod<&BallastAddon::Watch>("watch"),
         InstanceMethod<&BallastAddon::DropPages>("dropFilePages")});
  }

 private:
  Napi::Value Open(const Napi::CallbackInfo& info) {
    const auto options = info[0].As<Napi::Object>();
    OpenSettings settings;
    settings.connect.uri = options.Get("uri").As<Napi::String>();
    settings.connect.read_only = options.Get("readOnly").As<Napi::Boolean>();
    settings.connect.keepalive_interval_seconds =
        options.Get("keepAliveIntervalSeconds").As<Napi::Number>().Int32Value();
    settings.connect.keepalive_count = options.Get("keepAliveCount").As<Napi::Number>().Uint32Value();
    settings.call_deadline = Milliseconds(options.Get("callDeadline"));
    settings.memory_deadline = Milliseconds(options.Get("memoryDeadline"));
    settings.use_proc = options.Get("useProc").As<Napi::Boolean>();
    return ConnectionWrap::Open(info.Env(), async_call_, connection_constructor_, settings);
  }

  Napi::Value Notify(const Napi::CallbackInfo& info) {
    const std::string socket = info[0].As<Napi::String>();
    const std::string state = info[1].As<Napi::String>();
    try {
      SdNotify(socket, state);
    } catch (const std::system_error& failure) {
      throw Napi::Error::New(info.Env(), socket + ": " + failure.what());
    }
    return info.Env().Undefined();
  }

  Napi::Value LockFile(const Napi::CallbackInfo& info) {
    return FileLockWrap::Lock(info.Env(), file_lock_constructor_, info[0].As<Napi::String>());
  }

  Napi::Value IsFileLocked(const Napi::CallbackInfo& info) {
    return FileLockWrap::IsLocked(info.Env(), info[0].As<Napi::String>());
  }

  Napi::Value Watch(const Napi::CallbackInfo& info) {
    return WatchdogWrap::Start(info.Env(), watchdog_constructor_, Milliseconds(info[0]),
                               info[1].As<Napi::String>());
  }

  Napi::Value DropPages(const Napi::CallbackInfo& info) {
    DropFilePages("/proc/self/smaps");
    return info.Env().Undefined();
  }

  const std::shared_ptr<AsyncCall> async_call_;
  Napi::FunctionReference connection_constructor_;
  Napi::FunctionReference file_lock_constructor_;
  Napi::FunctionReference watchdog_constructor_;
};

}  // namespace ballast

using ballast::BallastAddon;
NODE_API_NAMED_ADDON(ballast, BallastAddon)
