#pragma once

#include <napi.h>

#include "virt/cpu_sampler.h"
#include "virt/cpu_tune.h"
#include "virt/events.h"
#include "virt/ksm.h"
#include "virt/memory_sampler.h"
#include "virt/migration.h"

// What crosses into JavaScript, in the shapes that lib/addon/native.ts declares. Columns cross as typed
// arrays; the domains' names only when `known_generation`, the set that JavaScript has, is not this one.
namespace ballast {

Napi::Value ToJs(Napi::Env env, const std::vector<ActiveDomain>& domains);
Napi::Value ToJs(Napi::Env env, const CpuColumns& sample, uint32_t known_generation);
Napi::Value ToJs(Napi::Env env, const MemoryColumns& sample, uint32_t known_generation);
Napi::Value ToJs(Napi::Env env, const HostDescription& host);
Napi::Value ToJs(Napi::Env env, const VcpuPinMaps& pins);
Napi::Value ToJs(Napi::Env env, const CpuTune& tune);
Napi::Value ToJs(Napi::Env env, const KsmState& ksm);
Napi::Value ToJs(Napi::Env env, const MigrationOutcome& outcome);
Napi::Value ToJs(Napi::Env env, const MigrationJob& job);
Napi::Value ToJs(Napi::Env env, const HostEvent& event);

}  // namespace ballast
