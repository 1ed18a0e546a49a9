#pragma once

#include <napi.h>

#include <memory>

#include "node/async_call.h"
#include "virt/connection.h"
#include "virt/connection_pool.h"
#include "virt/cpu_sampler.h"
#include "virt/events.h"
#include "virt/memory_sampler.h"

namespace ballast {

// Everything that one open connection consists of; made and ended off the JS thread.
struct OpenConnection {
  ~OpenConnection();
  std::shared_ptr<Connection> connection;  // the CPU sampler's, with no other calls
  std::shared_ptr<ConnectionPool> pool;    // for what is neither sample nor event
  HostDescription host;
  std::shared_ptr<CpuSampler> cpu;
  std::shared_ptr<MemorySampler> memory;
  std::unique_ptr<EventSubscription> events;
};

struct OpenSettings {
  ConnectOptions connect;
  std::chrono::milliseconds call_deadline;
  std::chrono::milliseconds memory_deadline;  // for one guest's statistics
  bool use_proc;
};

// The JS object that stands for an open connection: NativeConnection in lib/addon/native.ts.
class ConnectionWrap : public Napi::ObjectWrap<ConnectionWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  // Promises a ConnectionWrap.
  static Napi::Promise Open(Napi::Env env, std::shared_ptr<AsyncCall> async_call,
                            const Napi::FunctionReference& constructor, const OpenSettings& settings);

  // Takes an External of a Handover: only Open has one.
  explicit ConnectionWrap(const Napi::CallbackInfo& info);
  ~ConnectionWrap() override;

 private:
  class Arrival;
  struct Handover;
  // What an event finds when it reaches the JS thread: the wrap, unless it has been collected.
  struct EventTarget {
    ConnectionWrap* wrap;
  };

  Napi::Value Describe(const Napi::CallbackInfo& info);
  Napi::Value DescribeAnew(const Napi::CallbackInfo& info);
  Napi::Value ListDomains(const Napi::CallbackInfo& info);
  Napi::Value DomainMetadata(const Napi::CallbackInfo& info);
  Napi::Value SetDomainMetadata(const Napi::CallbackInfo& info);
  Napi::Value DomainXml(const Napi::CallbackInfo& info);
  Napi::Value SampleCpu(const Napi::CallbackInfo& info);
  Napi::Value SampleMemory(const Napi::CallbackInfo& info);
  Napi::Value VcpuPins(const Napi::CallbackInfo& info);
  Napi::Value PinVcpu(const Napi::CallbackInfo& info);
  Napi::Value SetMemory(const Napi::CallbackInfo& info);
  Napi::Value SetMemoryStatsPeriod(const Napi::CallbackInfo& info);
  Napi::Value CpuTune(const Napi::CallbackInfo& info);
  Napi::Value SetCpuShares(const Napi::CallbackInfo& info);
  Napi::Value Ksm(const Napi::CallbackInfo& info);
  Napi::Value SetKsm(const Napi::CallbackInfo& info);
  Napi::Value Migrate(const Napi::CallbackInfo& info);
  Napi::Value MigrationJob(const Napi::CallbackInfo& info);
  Napi::Value AbortMigration(const Napi::CallbackInfo& info);
  Napi::Value StartDirtyRate(const Napi::CallbackInfo& info);
  Napi::Value DirtyRate(const Napi::CallbackInfo& info);
  Napi::Value ProblemWith(const Napi::CallbackInfo& info);
  Napi::Value HasNetwork(const Napi::CallbackInfo& info);
  Napi::Value HasVolume(const Napi::CallbackInfo& info);
  Napi::Value Listen(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  OpenConnection& Opened(Napi::Env env) const;
  template <typename Change>
  Napi::Value ChangeDomain(Napi::Env env, const char* call, Change change);

  std::shared_ptr<AsyncCall> async_call_;
  std::shared_ptr<OpenConnection> opened_;  // null once closed
  std::shared_ptr<EventTarget> target_;
  Napi::FunctionReference listener_;
  std::chrono::milliseconds call_deadline_{};
  uint32_t cpu_generation_ = 0;
  uint32_t memory_generation_ = 0;
};

}  // namespace ballast
