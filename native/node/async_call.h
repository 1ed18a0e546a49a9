#pragma once

#include <napi.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "node/js_channel.h"
#include "util/deadlines.h"
#include "util/thread_pool.h"
#include "virt/error.h"

namespace ballast {

// A plain JS Error with the fields of a VirtError; lib/libvirt/native-error.ts makes a LibvirtError of it.
Napi::Value ToJsError(Napi::Env env, const VirtError& error);
// The same for a call that was given up; it has `timedOut: true` and no libvirt code.
Napi::Value ToJsTimeout(Napi::Env env, const char* call, std::chrono::milliseconds deadline);

// Makes libvirt calls off the JS thread, and promises of their results. One for each environment.
class AsyncCall {
 public:
  explicit AsyncCall(Napi::Env env);
  ~AsyncCall() { deadlines_->Stop(); }

  const std::shared_ptr<JsChannel>& channel() const { return channel_; }
  // For work that nobody awaits, such as closing what was left open.
  const std::shared_ptr<ThreadPool>& pool() const { return pool_; }

  // How a promise is settled, on the JS thread. What it throws rejects the promise.
  using Settlement = std::function<void(Napi::Env, const Napi::Promise::Deferred&)>;

  // Runs `work`, which may block and throw VirtFailure, and promises what `convert` makes of its result.
  // After `deadline` the promise is settled by `at_deadline`, which rejects unless something else is given;
  // the call itself cannot be cancelled and ends when it ends.
  template <typename Result>
  Napi::Promise Promise(Napi::Env env, const char* call, std::chrono::milliseconds deadline,
                        std::function<Result()> work,
                        std::function<Napi::Value(Napi::Env, const Result&)> convert,
                        Settlement at_deadline = {}) {
    const auto pending = std::make_shared<Pending>(env, channel_);
    channel_->Hold(env);
    if (!at_deadline) {
      at_deadline = [call, deadline](Napi::Env e, const Napi::Promise::Deferred& deferred) {
        deferred.Reject(ToJsTimeout(e, call, deadline));
      };
    }
    try {
      const auto ticket = deadlines_->Set(deadline, [pending, at_deadline] { pending->Settle(at_deadline); });
      const auto outcome = std::make_shared<Outcome<Result>>();
      pool_->Run(
          [outcome, call, ticket, deadlines = deadlines_, work = std::move(work)] {
            try {
              outcome->result.emplace(work());
            } catch (const VirtFailure& failure) {
              outcome->error = failure.error;
              if (outcome->error.call.empty()) outcome->error.call = call;
            } catch (const std::exception& failure) {  // no memory, no more threads
              outcome->error = OwnError(call, failure);
            }
            deadlines->Cancel(ticket);
          },
          [outcome, pending, convert = std::move(convert)] {
            pending->Settle([outcome, convert](Napi::Env e, const Napi::Promise::Deferred& deferred) {
              if (outcome->result) {
                deferred.Resolve(convert(e, *outcome->result));
              } else {
                deferred.Reject(ToJsError(e, outcome->error));
              }
            });
          });
    } catch (const std::system_error& failure) {  // no more threads
      pending->Settle(
          [error = OwnError(call, failure)](Napi::Env e, const Napi::Promise::Deferred& deferred) {
            deferred.Reject(ToJsError(e, error));
          });
    }
    return pending->deferred.Promise();
  }

 private:
  // A promise that is settled once, by its result or by its deadline, whichever comes first.
  struct Pending {
    Pending(Napi::Env env, std::shared_ptr<JsChannel> c) : deferred(env), channel(std::move(c)) {}
    void Settle(Settlement how) {
      if (settled.exchange(true)) return;
      channel->Post([how = std::move(how), deferred = deferred, channel = channel](Napi::Env env) {
        channel->Release(env);
        try {
          how(env, deferred);
        } catch (const Napi::Error& error) {  // such as no memory for a typed array
          deferred.Reject(error.Value());
        } catch (const std::exception& failure) {
          deferred.Reject(Napi::Error::New(env, failure.what()).Value());
        }
      });
    }
    const Napi::Promise::Deferred deferred;
    const std::shared_ptr<JsChannel> channel;
    std::atomic<bool> settled{false};
  };
  // What the thread leaves for the JS thread: without a result, the error.
  template <typename Result>
  struct Outcome {
    std::optional<Result> result;
    VirtError error;
  };
  // A failure that libvirt had no part in.
  static VirtError OwnError(const char* call, const std::exception& failure) {
    VirtError error;
    error.call = call;
    error.message = failure.what();
    return error;
  }

  const std::shared_ptr<JsChannel> channel_;
  const std::shared_ptr<ThreadPool> pool_;
  const std::shared_ptr<Deadlines> deadlines_;
};

}  // namespace ballast
