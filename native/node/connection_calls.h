#pragma once

// What the calls of an open connection share, whichever file they are in.

#include <napi.h>

#include "node/connection_wrap.h"
#include "virt/connection.h"

namespace ballast {

struct Done {};

inline Napi::Value ToUndefined(Napi::Env env, const Done&) { return env.Undefined(); }

// The first two arguments of every call that changes a domain.
inline DomainRun RunFrom(const Napi::CallbackInfo& info) {
  return {info[0].As<Napi::String>(), info[1].As<Napi::Number>().Int32Value()};
}

// `make`, over a connection that no other call is on. One is waited for no longer than half of what there is.
template <typename Make>
auto Pooled(const OpenConnection& opened, std::chrono::milliseconds deadline, Make make) {
  return [pool = opened.pool, deadline, make] { return make(*pool->Acquire(deadline / 2)); };
}

template <typename Change>
Napi::Value ConnectionWrap::ChangeDomain(Napi::Env env, const char* call, Change change) {
  return async_call_->Promise<Done>(env, call, call_deadline_,
                                    Pooled(Opened(env), call_deadline_,
                                           [change](const Connection& c) {
                                             change(c);
                                             return Done{};
                                           }),
                                    ToUndefined);
}

}  // namespace ballast
