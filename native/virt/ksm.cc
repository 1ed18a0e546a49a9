#include "virt/ksm.h"

#include <libvirt/virterror.h>

#include <cstring>
#include <string>
#include <vector>

#include "os/fd.h"
#include "virt/error.h"

namespace ballast {
namespace {

std::optional<bool> ReadRunning() {
  const std::string text = ReadFile("/sys/kernel/mm/ksm/run");
  if (text.empty()) return std::nullopt;
  return text[0] == '1';  // 0: stopped; 2: stopped, and what was merged is split again
}

virTypedParameter Parameter(const char* field, uint32_t value) {
  virTypedParameter param{};
  strncpy(param.field, field, sizeof param.field - 1);
  param.type = VIR_TYPED_PARAM_UINT;
  param.value.ui = value;
  return param;
}

}  // namespace

std::optional<KsmState> ReadKsm(const Connection& connection) {
  int count = 0;
  if (virNodeGetMemoryParameters(connection.get(), nullptr, &count, 0) != 0) {
    const VirtError error = TakeLastError("virNodeGetMemoryParameters");
    if (error.code == VIR_ERR_NO_SUPPORT) return std::nullopt;
    throw VirtFailure{error};
  }
  std::vector<virTypedParameter> params(static_cast<size_t>(count));
  if (count > 0 && virNodeGetMemoryParameters(connection.get(), params.data(), &count, 0) != 0) {
    ThrowLastError("virNodeGetMemoryParameters");
  }
  KsmState ksm{};
  unsigned pages = 0;
  unsigned sleep = 0;
  unsigned long long sharing = 0;
  const bool known =
      virTypedParamsGetUInt(params.data(), count, VIR_NODE_MEMORY_SHARED_PAGES_TO_SCAN, &pages) == 1 &&
      virTypedParamsGetUInt(params.data(), count, VIR_NODE_MEMORY_SHARED_SLEEP_MILLISECS, &sleep) == 1;
  virTypedParamsGetULLong(params.data(), count, VIR_NODE_MEMORY_SHARED_PAGES_SHARING, &sharing);
  virTypedParamsClear(params.data(), count);
  virResetLastError();
  if (!known) return std::nullopt;
  ksm.pages_to_scan = pages;
  ksm.sleep_milliseconds = sleep;
  ksm.pages_sharing = sharing;
  if (connection.IsLocal()) ksm.running = ReadRunning();
  return ksm;
}

void SetKsm(const Connection& connection, uint32_t pages_to_scan, uint32_t sleep_milliseconds) {
  virTypedParameter params[] = {Parameter(VIR_NODE_MEMORY_SHARED_PAGES_TO_SCAN, pages_to_scan),
                                Parameter(VIR_NODE_MEMORY_SHARED_SLEEP_MILLISECS, sleep_milliseconds)};
  if (virNodeSetMemoryParameters(connection.get(), params, 2, 0) != 0) {
    ThrowLastError("virNodeSetMemoryParameters");
  }
}

}  // namespace ballast
