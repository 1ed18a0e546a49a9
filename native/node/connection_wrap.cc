#include "node/connection_wrap.h"

#include <algorithm>
#include <system_error>

#include "node/connection_calls.h"
#include "node/to_js.h"
#include "virt/ksm.h"

namespace ballast {
namespace {

// How long close() waits for a daemon that may not answer. A program that ends waits for no longer either.
constexpr std::chrono::milliseconds kCloseDeadline{1'000};

// Closes a connection, unless a call is still under way over it: then it closes when that returns.
void CloseOn(ThreadPool& pool, std::shared_ptr<OpenConnection> opened) {
  try {
    pool.Run([opened = std::move(opened)] {});
  } catch (const std::system_error&) {
    // No more threads: then it has been closed here after all, with the job that was not taken.
  }
}

}  // namespace

struct ConnectionWrap::Handover {
  std::shared_ptr<AsyncCall> async_call;
  std::shared_ptr<OpenConnection> opened;
  std::shared_ptr<EventTarget> target;
  std::chrono::milliseconds call_deadline;
};

// An open connection on its way to its wrap. When the environment ends before it gets there, it is dropped on
// the JS thread, where no libvirt call may run.
class ConnectionWrap::Arrival {
 public:
  explicit Arrival(std::shared_ptr<ThreadPool> pool)
      : opened(std::make_shared<OpenConnection>()), pool_(std::move(pool)) {}
  Arrival(const Arrival&) = delete;
  Arrival& operator=(const Arrival&) = delete;
  ~Arrival() {
    // Otherwise the wrap has it, and closes it in its own time.
    if (opened.use_count() == 1) CloseOn(*pool_, std::move(opened));
  }
  std::shared_ptr<OpenConnection> opened;

 private:
  const std::shared_ptr<ThreadPool> pool_;
};

OpenConnection::~OpenConnection() {
  if (memory) memory->Close();
}

Napi::Function ConnectionWrap::Define(Napi::Env env) {
  return DefineClass(env, "NativeConnection",
                     {
                         InstanceMethod<&ConnectionWrap::Describe>("describe"),
                         InstanceMethod<&ConnectionWrap::DescribeAnew>("describeAnew"),
                         InstanceMethod<&ConnectionWrap::ListDomains>("listDomains"),
                         InstanceMethod<&ConnectionWrap::DomainMetadata>("domainMetadata"),
                         InstanceMethod<&ConnectionWrap::SetDomainMetadata>("setDomainMetadata"),
                         InstanceMethod<&ConnectionWrap::DomainXml>("domainXml"),
                         InstanceMethod<&ConnectionWrap::SampleCpu>("sampleCpu"),
                         InstanceMethod<&ConnectionWrap::SampleMemory>("sampleMemory"),
                         InstanceMethod<&ConnectionWrap::VcpuPins>("vcpuPins"),
                         InstanceMethod<&ConnectionWrap::PinVcpu>("pinVcpu"),
                         InstanceMethod<&ConnectionWrap::SetMemory>("setMemory"),
                         InstanceMethod<&ConnectionWrap::SetMemoryStatsPeriod>("setMemoryStatsPeriod"),
                         InstanceMethod<&ConnectionWrap::CpuTune>("cpuTune"),
                         InstanceMethod<&ConnectionWrap::SetCpuShares>("setCpuShares"),
                         InstanceMethod<&ConnectionWrap::Ksm>("ksm"),
                         InstanceMethod<&ConnectionWrap::SetKsm>("setKsm"),
                         InstanceMethod<&ConnectionWrap::Migrate>("migrate"),
                         InstanceMethod<&ConnectionWrap::MigrationJob>("migrationJob"),
                         InstanceMethod<&ConnectionWrap::AbortMigration>("abortMigration"),
                         InstanceMethod<&ConnectionWrap::StartDirtyRate>("startDirtyRate"),
                         InstanceMethod<&ConnectionWrap::DirtyRate>("dirtyRate"),
                         InstanceMethod<&ConnectionWrap::ProblemWith>("problemWith"),
                         InstanceMethod<&ConnectionWrap::HasNetwork>("hasNetwork"),
                         InstanceMethod<&ConnectionWrap::HasVolume>("hasVolume"),
                         InstanceMethod<&ConnectionWrap::Listen>("listen"),
                         InstanceMethod<&ConnectionWrap::Close>("close"),
                     });
}

Napi::Promise ConnectionWrap::Open(Napi::Env env, std::shared_ptr<AsyncCall> async_call,
                                   const Napi::FunctionReference& constructor, const OpenSettings& settings) {
  const auto target = std::make_shared<EventTarget>();
  const auto channel = async_call->channel();
  const auto listener = [target, channel](HostEvent event) {
    channel->Post([target, event = std::move(event)](Napi::Env e) {
      if (target->wrap && !target->wrap->listener_.IsEmpty()) target->wrap->listener_.Call({ToJs(e, event)});
    });
  };
  return async_call->Promise<std::shared_ptr<Arrival>>(
      env, "virConnectOpen", settings.call_deadline,
      [settings, listener, pool = async_call->pool()] {
        auto arrival = std::make_shared<Arrival>(pool);
        OpenConnection* const opened = arrival->opened.get();
        // Events and keepalive have a connection of their own, where no call ever waits for another.
        const auto watched = Connection::Open(settings.connect);
        opened->connection = watched->keeps_alive() ? watched->OpenAnother() : watched;
        opened->pool = std::make_shared<ConnectionPool>(opened->connection);
        opened->host = opened->connection->Describe();
        opened->cpu =
            std::make_shared<CpuSampler>(opened->connection, opened->host.cpu_count, settings.use_proc);
        opened->memory = std::make_shared<MemorySampler>(
            opened->connection->IsTestDriver() ? opened->connection : opened->connection->OpenAnother(),
            settings.memory_deadline);
        const auto heard = [listener, cpu = opened->cpu](HostEvent event) {
          if (event.kind == HostEvent::Kind::kVcpuPin) cpu->InvalidateAffinity();
          if (event.kind == HostEvent::Kind::kLifecycle) cpu->InvalidateDomains();
          if (event.kind == HostEvent::Kind::kClosed) cpu->LoseConnection();
          listener(std::move(event));
        };
        opened->events = std::make_unique<EventSubscription>(watched, heard);
        if (opened->events->hears_lifecycle()) opened->cpu->FollowEvents();
        return arrival;
      },
      [async_call, target, &constructor, deadline = settings.call_deadline](
          Napi::Env e, const std::shared_ptr<Arrival>& arrival) -> Napi::Value {
        Handover handover{async_call, arrival->opened, target, deadline};
        return constructor.New({Napi::External<Handover>::New(e, &handover)});
      });
}

ConnectionWrap::ConnectionWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "NativeConnection is made by open()");
  Handover& handover = *info[0].As<Napi::External<Handover>>().Data();
  async_call_ = handover.async_call;
  opened_ = handover.opened;
  target_ = handover.target;
  call_deadline_ = handover.call_deadline;
  target_->wrap = this;
}

ConnectionWrap::~ConnectionWrap() {
  if (target_) target_->wrap = nullptr;
  // Collected, or its environment ended, without close(): closing talks to the daemon, so not here.
  if (opened_) CloseOn(*async_call_->pool(), std::move(opened_));
}

OpenConnection& ConnectionWrap::Opened(Napi::Env env) const {
  if (!opened_) throw Napi::Error::New(env, "the connection is closed");
  return *opened_;
}

Napi::Value ConnectionWrap::Describe(const Napi::CallbackInfo& info) {
  return ToJs(info.Env(), Opened(info.Env()).host);
}

Napi::Value ConnectionWrap::DescribeAnew(const Napi::CallbackInfo& info) {
  return async_call_->Promise<HostDescription>(
      info.Env(), "virConnectGetCapabilities", call_deadline_,
      Pooled(Opened(info.Env()), call_deadline_, [](const Connection& c) { return c.Describe(); }),
      [target = target_](Napi::Env env, HostDescription host) {
        if (target->wrap && target->wrap->opened_) {
          OpenConnection& opened = *target->wrap->opened_;
          // Maps only grow: what was made for a wider one is still under way.
          host.cpu_count = std::max(host.cpu_count, opened.host.cpu_count);
          opened.cpu->SetCpuCount(host.cpu_count);
          opened.host = host;
        }
        return ToJs(env, host);
      });
}

Napi::Value ConnectionWrap::ListDomains(const Napi::CallbackInfo& info) {
  return async_call_->Promise<std::vector<ActiveDomain>>(
      info.Env(), "virConnectGetAllDomainStats", call_deadline_,
      Pooled(Opened(info.Env()), call_deadline_, [](const Connection& c) { return c.ListActive(); }),
      [](Napi::Env env, const std::vector<ActiveDomain>& domains) { return ToJs(env, domains); });
}

Napi::Value ConnectionWrap::SampleCpu(const Napi::CallbackInfo& info) {
  const auto sampler = Opened(info.Env()).cpu;
  return async_call_->Promise<CpuColumns>(
      info.Env(), "sampleCpu", call_deadline_, [sampler] { return sampler->Sample(); },
      [target = target_](Napi::Env env, const CpuColumns& sample) {
        const Napi::Value js = ToJs(env, sample, target->wrap ? target->wrap->cpu_generation_ : 0);
        if (target->wrap) target->wrap->cpu_generation_ = sample.generation;
        return js;
      });
}

Napi::Value ConnectionWrap::SampleMemory(const Napi::CallbackInfo& info) {
  const auto sampler = Opened(info.Env()).memory;
  // Guests have deadlines of their own; this one is for the listing, and for many stuck guests at once.
  return async_call_->Promise<MemoryColumns>(
      info.Env(), "sampleMemory", call_deadline_, [sampler] { return sampler->Sample(); },
      [target = target_](Napi::Env env, const MemoryColumns& sample) {
        const Napi::Value js = ToJs(env, sample, target->wrap ? target->wrap->memory_generation_ : 0);
        if (target->wrap) target->wrap->memory_generation_ = sample.generation;
        return js;
      });
}

Napi::Value ConnectionWrap::Ksm(const Napi::CallbackInfo& info) {
  return async_call_->Promise<std::optional<KsmState>>(
      info.Env(), "virNodeGetMemoryParameters", call_deadline_,
      Pooled(Opened(info.Env()), call_deadline_, ReadKsm),
      [](Napi::Env env, const std::optional<KsmState>& ksm) -> Napi::Value {
        if (!ksm) return env.Undefined();
        return ToJs(env, *ksm);
      });
}

Napi::Value ConnectionWrap::SetKsm(const Napi::CallbackInfo& info) {
  const uint32_t pages = info[0].As<Napi::Number>().Uint32Value();
  const uint32_t sleep = info[1].As<Napi::Number>().Uint32Value();
  return ChangeDomain(info.Env(), "virNodeSetMemoryParameters",
                      [pages, sleep](const Connection& c) { ballast::SetKsm(c, pages, sleep); });
}

Napi::Value ConnectionWrap::Listen(const Napi::CallbackInfo& info) {
  listener_.Reset();
  if (info[0].IsFunction()) listener_ = Napi::Persistent(info[0].As<Napi::Function>());
  return info.Env().Undefined();
}

Napi::Value ConnectionWrap::Close(const Napi::CallbackInfo& info) {
  auto opened = std::move(opened_);
  opened_ = nullptr;
  listener_.Reset();
  // The last reference, unless a call is still under way: then the connection closes when that returns.
  auto last = std::make_shared<std::shared_ptr<OpenConnection>>(std::move(opened));
  // A daemon that does not answer is not waited for: the connection is left to its thread, or to the end of
  // the process.
  return async_call_->Promise<Done>(
      info.Env(), "virConnectClose", std::min(call_deadline_, kCloseDeadline),
      [last] {
        last->reset();
        return Done{};
      },
      ToUndefined,
      [](Napi::Env env, const Napi::Promise::Deferred& deferred) { deferred.Resolve(env.Undefined()); });
}

}  // namespace ballast
