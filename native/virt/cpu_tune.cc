#include "virt/cpu_tune.h"

#include <libvirt/virterror.h>

#include <cstring>
#include <vector>

#include "virt/error.h"

namespace ballast {

CpuTune ReadCpuTune(const Connection& connection, const std::string& uuid) {
  const DomainHandle domain = connection.FindDomain({uuid});
  int count = 0;
  const CString scheduler(virDomainGetSchedulerType(domain.get(), &count));
  if (!scheduler) ThrowLastError("virDomainGetSchedulerType", domain.get());
  std::vector<virTypedParameter> params(static_cast<size_t>(count));
  // Without flags this is the live domain; the test driver knows only this call.
  if (virDomainGetSchedulerParameters(domain.get(), params.data(), &count) != 0) {
    ThrowLastError("virDomainGetSchedulerParameters", domain.get());
  }
  const auto bandwidth = [&](const char* quota, const char* period) {
    CpuBandwidth read;
    long long signed_value = 0;
    unsigned long long value = 0;
    if (virTypedParamsGetLLong(params.data(), count, quota, &signed_value) == 1) read.quota = signed_value;
    if (virTypedParamsGetULLong(params.data(), count, period, &value) == 1) read.period = value;
    return read;
  };
  CpuTune tune;
  unsigned long long shares = 0;
  if (virTypedParamsGetULLong(params.data(), count, VIR_DOMAIN_SCHEDULER_CPU_SHARES, &shares) == 1) {
    tune.shares = shares;
  }
  tune.vcpu = bandwidth(VIR_DOMAIN_SCHEDULER_VCPU_QUOTA, VIR_DOMAIN_SCHEDULER_VCPU_PERIOD);
  // Names that libvirt 1.2.14 does not declare yet.
  tune.global = bandwidth("global_quota", "global_period");
  tune.emulator = bandwidth(VIR_DOMAIN_SCHEDULER_EMULATOR_QUOTA, VIR_DOMAIN_SCHEDULER_EMULATOR_PERIOD);
  virTypedParamsClear(params.data(), count);
  virResetLastError();
  return tune;
}

void SetCpuShares(const Connection& connection, const DomainRun& run, uint64_t shares) {
  const DomainHandle domain = connection.FindDomain(run);
  virTypedParameter param{};
  strncpy(param.field, VIR_DOMAIN_SCHEDULER_CPU_SHARES, sizeof param.field - 1);
  param.type = VIR_TYPED_PARAM_ULLONG;
  param.value.ul = shares;
  if (virDomainSetSchedulerParametersFlags(domain.get(), &param, 1, VIR_DOMAIN_AFFECT_LIVE) != 0) {
    ThrowLastError("virDomainSetSchedulerParametersFlags", domain.get());
  }
}

}  // namespace ballast
