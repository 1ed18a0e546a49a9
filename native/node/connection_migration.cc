// What moves a guest to another host, and what is asked before and meanwhile.

#include "node/connection_calls.h"
#include "node/to_js.h"
#include "virt/migration.h"

namespace ballast {
namespace {

// A migration lasts as long as it lasts: who began it ends it when it takes too long. But no promise is for
// ever.
constexpr std::chrono::hours kMigrationDeadline{24};

}  // namespace

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

}  // namespace ballast
