#include "node/to_js.h"

#include <cstring>

namespace ballast {
namespace {

template <typename Array, typename Value>
Array ToTypedArray(Napi::Env env, const std::vector<Value>& values) {
  Array array = Array::New(env, values.size());
  if (!values.empty()) memcpy(array.Data(), values.data(), values.size() * sizeof(Value));
  return array;
}

void SetIfKnown(Napi::Object& js, const char* name, const std::optional<uint64_t>& value) {
  if (value) js[name] = static_cast<double>(*value);
}

const char* KindName(HostEvent::Kind kind) {
  switch (kind) {
    case HostEvent::Kind::kLifecycle:
      return "lifecycle";
    case HostEvent::Kind::kReboot:
      return "reboot";
    case HostEvent::Kind::kBalloon:
      return "balloon";
    case HostEvent::Kind::kVcpuPin:
      return "vcpuPin";
    case HostEvent::Kind::kCpuShares:
      return "cpuShares";
    case HostEvent::Kind::kCpuQuota:
      return "cpuQuota";
    case HostEvent::Kind::kDevice:
      return "device";
    case HostEvent::Kind::kDeviceSize:
      return "deviceSize";
    case HostEvent::Kind::kMetadata:
      return "metadata";
    case HostEvent::Kind::kMigration:
      return "migration";
    case HostEvent::Kind::kClosed:
      break;
  }
  return "closed";
}

Napi::Value ToJs(Napi::Env env, const std::vector<HugePagePool>& pools) {
  Napi::Array array = Napi::Array::New(env, pools.size());
  for (size_t i = 0; i < pools.size(); ++i) {
    Napi::Object pool = Napi::Object::New(env);
    pool["cell"] = pools[i].cell;
    pool["pageKiB"] = static_cast<double>(pools[i].page_kib);
    pool["pages"] = static_cast<double>(pools[i].pages);
    pool["free"] = static_cast<double>(pools[i].free);
    array[static_cast<uint32_t>(i)] = pool;
  }
  return array;
}

}  // namespace

Napi::Value ToJs(Napi::Env env, const std::vector<ActiveDomain>& domains) {
  Napi::Array array = Napi::Array::New(env, domains.size());
  for (size_t i = 0; i < domains.size(); ++i) {
    Napi::Object domain = Napi::Object::New(env);
    domain["uuid"] = domains[i].uuid;
    domain["name"] = domains[i].name;
    domain["id"] = domains[i].id;
    domain["state"] = domains[i].state;
    if (!domains[i].run.empty()) domain["run"] = domains[i].run;
    array[static_cast<uint32_t>(i)] = domain;
  }
  return array;
}

Napi::Value ToJs(Napi::Env env, const CpuColumns& sample, uint32_t known_generation) {
  Napi::Object js = Napi::Object::New(env);
  if (sample.generation != known_generation) js["domains"] = ToJs(env, *sample.domains);
  js["listAge"] = sample.list_age;
  js["time"] = sample.time;
  js["interval"] = sample.interval;
  js["state"] = ToTypedArray<Napi::Uint8Array>(env, sample.state);
  js["source"] = ToTypedArray<Napi::Uint8Array>(env, sample.source);
  js["vcpuStart"] = ToTypedArray<Napi::Uint32Array>(env, sample.vcpu_start);
  js["vcpu"] = ToTypedArray<Napi::Uint32Array>(env, sample.vcpu);
  js["usage"] = ToTypedArray<Napi::Float64Array>(env, sample.usage);
  js["delay"] = ToTypedArray<Napi::Float64Array>(env, sample.delay);
  js["throttled"] = ToTypedArray<Napi::Float64Array>(env, sample.throttled);
  js["pcpu"] = ToTypedArray<Napi::Int32Array>(env, sample.pcpu);
  js["affinityWords"] = sample.affinity_words;
  js["affinity"] = ToTypedArray<Napi::Uint32Array>(env, sample.affinity);
  js["pcpuBusy"] = ToTypedArray<Napi::Float64Array>(env, sample.pcpu_busy);
  js["cpuset"] = ToTypedArray<Napi::Uint32Array>(env, sample.cpuset);
  js["online"] = ToTypedArray<Napi::Uint32Array>(env, sample.online);
  return js;
}

Napi::Value ToJs(Napi::Env env, const MemoryColumns& sample, uint32_t known_generation) {
  const size_t rows = sample.readings.size();
  Napi::Object js = Napi::Object::New(env);
  if (sample.generation != known_generation) js["domains"] = ToJs(env, sample.domains);
  js["time"] = sample.time;
  js["state"] = ToTypedArray<Napi::Uint8Array>(env, sample.state);
  Napi::Uint8Array status = Napi::Uint8Array::New(env, rows);
  // One column after the other, in the order of MemoryColumn.
  Napi::Float64Array values = Napi::Float64Array::New(env, rows * kMemoryColumns);
  for (size_t row = 0; row < rows; ++row) {
    status[row] = static_cast<uint8_t>(sample.readings[row].status);
    for (size_t column = 0; column < kMemoryColumns; ++column) {
      values[column * rows + row] = sample.readings[row].values[column];
    }
  }
  js["status"] = status;
  js["values"] = values;
  js["hostTotalKiB"] = sample.node.total_kib;
  js["hostFreeKiB"] = sample.node.free_kib;
  js["hostAvailableKiB"] = sample.node.available_kib;
  js["hostPressure"] = sample.node.pressure;
  js["hostZfsArc"] = sample.zfs_arc;
  if (sample.huge_pages) js["hugePages"] = ToJs(env, *sample.huge_pages);
  return js;
}

Napi::Value ToJs(Napi::Env env, const HostDescription& host) {
  Napi::Object js = Napi::Object::New(env);
  js["capabilities"] = host.capabilities;
  js["memoryKiB"] = static_cast<double>(host.memory_kib);
  js["cpuCount"] = host.cpu_count;
  js["online"] = ToTypedArray<Napi::Uint32Array>(env, host.online);
  js["isLocal"] = host.is_local;
  js["isolated"] = host.isolated;
  return js;
}

Napi::Value ToJs(Napi::Env env, const VcpuPinMaps& pins) {
  Napi::Object js = Napi::Object::New(env);
  js["wordsPerVcpu"] = static_cast<double>(pins.words_per_vcpu);
  js["words"] = ToTypedArray<Napi::Uint32Array>(env, pins.words);
  return js;
}

Napi::Value ToJs(Napi::Env env, const CpuTune& tune) {
  Napi::Object js = Napi::Object::New(env);
  const auto bandwidth = [&](const char* quota, const char* period, const CpuBandwidth& read) {
    if (read.quota) js[quota] = static_cast<double>(*read.quota);
    if (read.period) js[period] = static_cast<double>(*read.period);
  };
  if (tune.shares) js["shares"] = static_cast<double>(*tune.shares);
  bandwidth("vcpuQuota", "vcpuPeriod", tune.vcpu);
  bandwidth("globalQuota", "globalPeriod", tune.global);
  bandwidth("emulatorQuota", "emulatorPeriod", tune.emulator);
  return js;
}

Napi::Value ToJs(Napi::Env env, const KsmState& ksm) {
  Napi::Object js = Napi::Object::New(env);
  js["pagesToScan"] = ksm.pages_to_scan;
  js["sleep"] = ksm.sleep_milliseconds;
  js["pagesSharing"] = static_cast<double>(ksm.pages_sharing);
  if (ksm.running) js["running"] = *ksm.running;
  return js;
}

Napi::Value ToJs(Napi::Env env, const MigrationOutcome& outcome) {
  Napi::Object js = Napi::Object::New(env);
  js["elapsed"] = outcome.elapsed_milliseconds;
  SetIfKnown(js, "downtime", outcome.downtime_milliseconds);
  SetIfKnown(js, "memoryProcessed", outcome.memory_processed);
  return js;
}

Napi::Value ToJs(Napi::Env env, const MigrationJob& job) {
  Napi::Object js = Napi::Object::New(env);
  js["isIncoming"] = job.is_incoming;
  js["elapsed"] = static_cast<double>(job.elapsed);
  SetIfKnown(js, "memoryTotal", job.memory_total);
  SetIfKnown(js, "memoryRemaining", job.memory_remaining);
  SetIfKnown(js, "memoryProcessed", job.memory_processed);
  SetIfKnown(js, "bandwidth", job.bandwidth);
  SetIfKnown(js, "dirtyRate", job.dirty_rate);
  SetIfKnown(js, "iteration", job.iteration);
  return js;
}

Napi::Value ToJs(Napi::Env env, const HostEvent& event) {
  Napi::Object js = Napi::Object::New(env);
  js["kind"] = KindName(event.kind);
  js["uuid"] = event.uuid;
  js["name"] = event.name;
  js["id"] = event.id;
  js["detail"] = event.detail;
  js["bytes"] = event.bytes;
  js["shares"] = event.shares;
  js["text"] = event.text;
  js["added"] = event.added;
  return js;
}

}  // namespace ballast
