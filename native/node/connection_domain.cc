// What is asked of one domain, and changed of it.

#include "node/connection_calls.h"
#include "node/to_js.h"
#include "util/cpu_bitmap.h"
#include "virt/cpu_tune.h"

namespace ballast {

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

}  // namespace ballast
