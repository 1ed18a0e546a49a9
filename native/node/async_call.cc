#include "node/async_call.h"

#include <string>

namespace ballast {
namespace {
// Enough for a burst of calls, and a bound for those that hang.
constexpr size_t kMostThreads = 64;
}  // namespace

AsyncCall::AsyncCall(Napi::Env env)
    : channel_(JsChannel::Open(env)),
      pool_(std::make_shared<ThreadPool>(kMostThreads)),
      deadlines_(std::make_shared<Deadlines>()) {}

Napi::Value ToJsError(Napi::Env env, const VirtError& error) {
  Napi::Object js = Napi::Error::New(env, error.message).Value();
  js["libvirtCode"] = error.code;
  js["libvirtDomain"] = error.domain;
  js["level"] = error.level;
  js["call"] = error.call;
  if (!error.domain_name.empty()) js["domainName"] = error.domain_name;
  return js;
}

Napi::Value ToJsTimeout(Napi::Env env, const char* call, std::chrono::milliseconds deadline) {
  const std::string message = "no answer within " + std::to_string(deadline.count()) + " ms";
  Napi::Object js = Napi::Error::New(env, message).Value();
  js["call"] = call;
  js["timedOut"] = true;
  return js;
}

}  // namespace ballast
