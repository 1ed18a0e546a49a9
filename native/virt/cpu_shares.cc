#include "virt/cpu_shares.h"

#include <libvirt/virterror.h>

#include <cstring>
#include <vector>

#include "virt/error.h"

namespace ballast {

uint64_t ReadCpuShares(const Connection& connection, const std::string& uuid) {
  const DomainHandle domain = connection.FindDomain({uuid});
  int count = 0;
  const CString scheduler(virDomainGetSchedulerType(domain.get(), &count));
  if (!scheduler) ThrowLastError("virDomainGetSchedulerType", domain.get());
  std::vector<virTypedParameter> params(static_cast<size_t>(count));
  // Without flags this is the live domain; the test driver knows only this call.
  if (virDomainGetSchedulerParameters(domain.get(), params.data(), &count) != 0) {
    ThrowLastError("virDomainGetSchedulerParameters", domain.get());
  }
  unsigned long long shares = 0;
  virTypedParamsGetULLong(params.data(), count, VIR_DOMAIN_SCHEDULER_CPU_SHARES, &shares);
  virTypedParamsClear(params.data(), count);
  virResetLastError();
  return shares;
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
