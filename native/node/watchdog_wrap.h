#pragma once

#include <napi.h>

#include <chrono>
#include <optional>
#include <string>

#include "util/watchdog.h"

namespace ballast {

// The JS object that stands for a running watchdog: NativeWatchdog in lib/addon/native.ts. Referenced until
// it is stopped; the end of its environment (a worker that is terminated, the exit of the process) stops it
// too.
class WatchdogWrap : public Napi::ObjectWrap<WatchdogWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  // Writes `farewell` to stderr and aborts when the object is not pinged for `limit`. Throws a JS error when
  // there can be no thread.
  static Napi::Value Start(Napi::Env env, const Napi::FunctionReference& constructor,
                           std::chrono::milliseconds limit, const std::string& farewell);

  // Takes an External of a Settings: only Start has one.
  explicit WatchdogWrap(const Napi::CallbackInfo& info);

 private:
  struct Settings {
    std::chrono::milliseconds limit;
    std::string farewell;
  };

  Napi::Value Ping(const Napi::CallbackInfo& info);
  Napi::Value Stop(const Napi::CallbackInfo& info);

  std::optional<Watchdog> watchdog_;
};

}  // namespace ballast
