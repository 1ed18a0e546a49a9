#include "node/connection_wrap.h"

#include <algorithm>
#include <system_error>

#include "node/to_js.h"
#include "util/cpu_bitmap.h"
#include "virt/cpu_tune.h"
#include "virt/ksm.h"
#include "virt/migration.h"

namespace ballast {
namespace {

// How long close() waits for a daemon that may not answer. A program that ends waits for no longer either.
constexpr std::chrono::milliseconds kCloseDeadline{1'000};

// A migration lasts as long as it lasts: who began it ends it when it takes too long. But no promise is for
// ever.
constexpr std::chrono::hours kMigrationDeadline{24};

struct Done {};

Napi::Value ToUndefined(Napi::Env env, const Done&) { return env.Undefined(); }

// The first two arguments of every call that changes a domain.
DomainRun RunFrom(const Napi::CallbackInfo& info) {
  return {info[0].As<Napi::String>(), info[1].As<Napi::Number>().Int32Value()};
}

// `make`, over a connection that no other call is on. One is waited for no longer than half of what there is.
template <typename Make>
auto Pooled(const OpenConnection& opened, std::chrono::milliseconds deadline, Make make) {
  return [pool = opened.pool, deadline, make] { return make(*pool->Acquire(deadline / 2)); };
}

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

Napi::Value ConnectionWrap::DomainMetadata(const Napi::CallbackInfo& info) {
  const std::string uuid = info[0].As<Napi::String>();
  const std::string xml_namespace = info[1].As<Napi::String>();
  return async_call_->Promise<std::optional<std::string>>(
      info.Env(), "virDomainGetMetadata", call_deadline_,
      Pooled(Opened(info.Env()), call_deadline_,
             [uuid, xml_namespace](const Connection& c) { return c.ReadMetadata(uuid, xml_namespace); }),
      [](Napi::Env env, const std::optional<std::string>& xml) -> Napi::Value {
        if (!xml) return env.Undefined();
        return Napi::String::New(env, *xml);
      });
}

Napi::Value ConnectionWrap::SetDomainMetadata(const Napi::CallbackInfo& info) {
  const DomainRun run = RunFrom(info);
  const std::string xml_namespace = info[2].As<Napi::String>();
  const std::string key = info[3].As<Napi::String>();
  std::optional<std::string> xml;
  if (info[4].IsString()) xml = info[4].As<Napi::String>().Utf8Value();
  return ChangeDomain(
      info.Env(), "virDomainSetMetadata",
      [run, xml_namespace, key, xml](const Connection& c) { c.WriteMetadata(run, xml_namespace, key, xml); });
}

Napi::Value ConnectionWrap::DomainXml(const Napi::CallbackInfo& info) {
  const std::string uuid = info[0].As<Napi::String>();
  return async_call_->Promise<std::string>(
      info.Env(), "virDomainGetXMLDesc", call_deadline_,
      Pooled(Opened(info.Env()), call_deadline_, [uuid](const Connection& c) { return c.ReadXml(uuid); }),
      [](Napi::Env env, const std::string& xml) { return Napi::String::New(env, xml); });
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

Napi::Value ConnectionWrap::VcpuPins(const Napi::CallbackInfo& info) {
  const std::string uuid = info[0].As<Napi::String>();
  const uint32_t cpu_count = Opened(info.Env()).host.cpu_count;
  return async_call_->Promise<VcpuPinMaps>(
      info.Env(), "virDomainGetVcpuPinInfo", call_deadline_,
      Pooled(Opened(info.Env()), call_deadline_,
             [uuid, cpu_count](const Connection& c) { return c.ReadVcpuPins(uuid, cpu_count); }),
      [](Napi::Env env, const VcpuPinMaps& pins) { return ToJs(env, pins); });
}

Napi::Value ConnectionWrap::PinVcpu(const Napi::CallbackInfo& info) {
  const DomainRun run = RunFrom(info);
  const unsigned vcpu = info[2].As<Napi::Number>().Uint32Value();
  const auto words = info[3].As<Napi::Uint32Array>();
  const auto map = EncodeCpumap(words.Data(), words.ElementLength(), Opened(info.Env()).host.cpu_count);
  return ChangeDomain(info.Env(), "virDomainPinVcpu",
                      [run, vcpu, map, cpu = Opened(info.Env()).cpu](const Connection& c) {
                        // Also when it fails: then the cpuset is another than it was, or than was thought.
                        const struct Invalidate {
                          ~Invalidate() { cpu.InvalidateAffinity(); }
                          CpuSampler& cpu;
                        } invalidate{*cpu};
                        c.PinVcpu(run, vcpu, map);
                      });
}

Napi::Value ConnectionWrap::SetMemory(const Napi::CallbackInfo& info) {
  const DomainRun run = RunFrom(info);
  const auto kib = static_cast<uint64_t>(info[2].As<Napi::Number>().DoubleValue());
  return ChangeDomain(info.Env(), "virDomainSetMemory",
                      [run, kib](const Connection& c) { c.SetMemory(run, kib); });
}

Napi::Value ConnectionWrap::SetMemoryStatsPeriod(const Napi::CallbackInfo& info) {
  const DomainRun run = RunFrom(info);
  const int seconds = info[2].As<Napi::Number>().Int32Value();
  return ChangeDomain(info.Env(), "virDomainSetMemoryStatsPeriod",
                      [run, seconds](const Connection& c) { c.SetMemoryStatsPeriod(run, seconds); });
}

Napi::Value ConnectionWrap::CpuTune(const Napi::CallbackInfo& info) {
  const std::string uuid = info[0].As<Napi::String>();
  return async_call_->Promise<ballast::CpuTune>(
      info.Env(), "virDomainGetSchedulerParameters", call_deadline_,
      Pooled(Opened(info.Env()), call_deadline_,
             [uuid](const Connection& c) { return ReadCpuTune(c, uuid); }),
      [](Napi::Env env, const ballast::CpuTune& tune) { return ToJs(env, tune); });
}

Napi::Value ConnectionWrap::SetCpuShares(const Napi::CallbackInfo& info) {
  const DomainRun run = RunFrom(info);
  const auto shares = static_cast<uint64_t>(info[2].As<Napi::Number>().DoubleValue());
  return ChangeDomain(info.Env(), "virDomainSetSchedulerParametersFlags",
                      [run, shares](const Connection& c) { ballast::SetCpuShares(c, run, shares); });
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

Napi::Value ConnectionWrap::Migrate(const Napi::CallbackInfo& info) {
  const DomainRun run = RunFrom(info);
  const auto given = info[2].As<Napi::Object>();
  MigrationSettings settings;
  settings.target_uri = given.Get("targetUri").As<Napi::String>();
  settings.data_uri = given.Get("dataUri").As<Napi::String>();
  settings.bandwidth_mib = static_cast<uint64_t>(given.Get("bandwidthMiB").As<Napi::Number>().DoubleValue());
  settings.downtime_milliseconds =
      static_cast<uint64_t>(given.Get("downtime").As<Napi::Number>().DoubleValue());
  // Over a connection of its own, and none of the pool's: those are for calls that end soon.
  return async_call_->Promise<MigrationOutcome>(
      info.Env(), "virDomainMigrateToURI3", kMigrationDeadline,
      [connection = Opened(info.Env()).connection, run, settings] {
        const auto own = connection->IsTestDriver() ? connection : connection->OpenAnother();
        return ballast::Migrate(*own, run, settings);
      },
      [](Napi::Env env, const MigrationOutcome& outcome) { return ToJs(env, outcome); });
}

Napi::Value ConnectionWrap::MigrationJob(const Napi::CallbackInfo& info) {
  const std::string uuid = info[0].As<Napi::String>();
  return async_call_->Promise<std::optional<ballast::MigrationJob>>(
      info.Env(), "virDomainGetJobStats", call_deadline_,
      Pooled(Opened(info.Env()), call_deadline_,
             [uuid](const Connection& c) { return ReadMigrationJob(c, uuid); }),
      [](Napi::Env env, const std::optional<ballast::MigrationJob>& job) -> Napi::Value {
        if (!job) return env.Undefined();
        return ToJs(env, *job);
      });
}

Napi::Value ConnectionWrap::AbortMigration(const Napi::CallbackInfo& info) {
  const std::string uuid = info[0].As<Napi::String>();
  return ChangeDomain(info.Env(), "virDomainAbortJob",
                      [uuid](const Connection& c) { ballast::AbortMigration(c, uuid); });
}

Napi::Value ConnectionWrap::StartDirtyRate(const Napi::CallbackInfo& info) {
  const std::string uuid = info[0].As<Napi::String>();
  const int seconds = info[1].As<Napi::Number>().Int32Value();
  return async_call_->Promise<bool>(
      info.Env(), "virDomainStartDirtyRateCalc", call_deadline_,
      Pooled(Opened(info.Env()), call_deadline_,
             [uuid, seconds](const Connection& c) { return ballast::StartDirtyRate(c, uuid, seconds); }),
      [](Napi::Env env, bool started) { return Napi::Boolean::New(env, started); });
}

Napi::Value ConnectionWrap::DirtyRate(const Napi::CallbackInfo& info) {
  const std::string uuid = info[0].As<Napi::String>();
  return async_call_->Promise<std::optional<double>>(
      info.Env(), "virDomainListGetStats", call_deadline_,
      Pooled(Opened(info.Env()), call_deadline_,
             [uuid](const Connection& c) { return ReadDirtyRate(c, uuid); }),
      [](Napi::Env env, const std::optional<double>& rate) -> Napi::Value {
        if (!rate) return env.Undefined();
        return Napi::Number::New(env, *rate);
      });
}

Napi::Value ConnectionWrap::ProblemWith(const Napi::CallbackInfo& info) {
  const auto given = info[0].As<Napi::Object>();
  GuestHardware guest;
  guest.virtualization = given.Get("virtualization").As<Napi::String>();
  guest.architecture = given.Get("architecture").As<Napi::String>();
  guest.machine = given.Get("machine").As<Napi::String>();
  guest.cpu = given.Get("cpu").As<Napi::String>();
  return async_call_->Promise<std::string>(
      info.Env(), "virConnectCompareHypervisorCPU", call_deadline_,
      Pooled(Opened(info.Env()), call_deadline_,
             [guest](const Connection& c) { return ballast::ProblemWith(c, guest); }),
      [](Napi::Env env, const std::string& problem) { return Napi::String::New(env, problem); });
}

Napi::Value ConnectionWrap::HasNetwork(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>();
  return async_call_->Promise<bool>(
      info.Env(), "virNetworkLookupByName", call_deadline_,
      Pooled(Opened(info.Env()), call_deadline_,
             [name](const Connection& c) { return ballast::HasNetwork(c, name); }),
      [](Napi::Env env, bool has) { return Napi::Boolean::New(env, has); });
}

Napi::Value ConnectionWrap::HasVolume(const Napi::CallbackInfo& info) {
  const std::string pool = info[0].As<Napi::String>();
  const std::string name = info[1].As<Napi::String>();
  return async_call_->Promise<bool>(
      info.Env(), "virStorageVolLookupByName", call_deadline_,
      Pooled(Opened(info.Env()), call_deadline_,
             [pool, name](const Connection& c) { return ballast::HasVolume(c, pool, name); }),
      [](Napi::Env env, bool has) { return Napi::Boolean::New(env, has); });
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
