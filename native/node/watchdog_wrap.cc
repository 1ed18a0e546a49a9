#include "node/watchdog_wrap.h"

#include <unistd.h>

#include <cstdlib>
#include <system_error>

namespace ballast {
namespace {

[[noreturn]] void Abort(const std::string& farewell) {
  // Whatever becomes of the line, the process ends.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, farewell.data(), farewell.size());
  std::abort();
}

}  // namespace

Napi::Function WatchdogWrap::Define(Napi::Env env) {
  return DefineClass(env, "NativeWatchdog",
                     {
                         InstanceMethod<&WatchdogWrap::Ping>("ping"),
                         InstanceMethod<&WatchdogWrap::Stop>("stop"),
                     });
}

Napi::Value WatchdogWrap::Start(Napi::Env env, const Napi::FunctionReference& constructor,
                                std::chrono::milliseconds limit, const std::string& farewell) {
  Settings settings{limit, farewell};
  return constructor.New({Napi::External<Settings>::New(env, &settings)});
}

WatchdogWrap::WatchdogWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "NativeWatchdog is made by watch()");
  const Settings& settings = *info[0].As<Napi::External<Settings>>().Data();
  try {
    watchdog_.emplace(settings.limit, [farewell = settings.farewell] { Abort(farewell); });
  } catch (const std::system_error& failure) {
    throw Napi::Error::New(info.Env(), std::string("Cannot start the watchdog: ") + failure.what());
  }
  Ref();
}

Napi::Value WatchdogWrap::Ping(const Napi::CallbackInfo& info) {
  if (watchdog_) watchdog_->Ping();
  return info.Env().Undefined();
}

Napi::Value WatchdogWrap::Stop(const Napi::CallbackInfo& info) {
  if (!watchdog_) return info.Env().Undefined();
  watchdog_.reset();
  Unref();
  return info.Env().Undefined();
}

}  // namespace ballast
