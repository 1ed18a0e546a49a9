#include "node/js_channel.h"

namespace ballast {

std::shared_ptr<JsChannel> JsChannel::Open(Napi::Env env) {
  const std::shared_ptr<JsChannel> channel(new JsChannel());
  const napi_value name = Napi::String::New(env, "ballast");
  const napi_status status = napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr,
                                                             nullptr, nullptr, Run, &channel->function_);
  if (status != napi_ok) throw Napi::Error::New(env);
  napi_unref_threadsafe_function(env, channel->function_);
  // Registered after the function's own hook and so run before it: nobody posts to a function that is gone.
  env.AddCleanupHook([channel] { channel->Close(); });
  return channel;
}

void JsChannel::Post(Work work) {
  auto data = std::make_unique<Work>(std::move(work));
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!function_) return;
  if (napi_call_threadsafe_function(function_, data.get(), napi_tsfn_nonblocking) == napi_ok) {
    static_cast<void>(data.release());
  }
}

void JsChannel::Run(napi_env env, napi_value, void*, void* data) {
  const std::unique_ptr<Work> work(static_cast<Work*>(data));
  if (!env) return;  // the environment is going down: nothing may touch JavaScript any more
  const Napi::HandleScope scope(env);
  try {
    (*work)(env);
  } catch (const Napi::Error& error) {
    // Thrown by a listener: as with any event in Node, nobody is there to catch it.
    napi_fatal_exception(env, error.Value());
  }
}

void JsChannel::Hold(Napi::Env env) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (held_++ == 0 && function_) napi_ref_threadsafe_function(env, function_);
}

void JsChannel::Release(Napi::Env env) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (--held_ == 0 && function_) napi_unref_threadsafe_function(env, function_);
}

void JsChannel::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (function_) napi_release_threadsafe_function(function_, napi_tsfn_abort);
  function_ = nullptr;
}

}  // namespace ballast
