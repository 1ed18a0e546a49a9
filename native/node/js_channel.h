#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <mutex>

namespace ballast {

// The queue from any thread to one environment's JS thread. A worker may be terminated while threads of ours
// are inside a libvirt call: what they post afterwards is dropped.
class JsChannel {
 public:
  using Work = std::function<void(Napi::Env)>;
  // On the JS thread. The channel closes by itself when the environment ends.
  static std::shared_ptr<JsChannel> Open(Napi::Env env);

  // From any thread: has `work` run on the JS thread; drops it when the environment is gone.
  void Post(Work work);
  // On the JS thread, in pairs: the process does not end by itself as long as anything is held, as with
  // any pending operation of Node's own.
  void Hold(Napi::Env env);
  void Release(Napi::Env env);

 private:
  JsChannel() = default;
  static void Run(napi_env env, napi_value, void*, void* data);
  void Close();

  std::mutex mutex_;
  napi_threadsafe_function function_ = nullptr;  // null once closed
  size_t held_ = 0;
};

}  // namespace ballast
