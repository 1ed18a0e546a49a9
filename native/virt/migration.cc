#include "virt/migration.h"

#include <dlfcn.h>
#include <libvirt/virterror.h>

#include <chrono>
#include <cstring>
#include <memory>

#include "virt/error.h"

namespace ballast {
namespace {

// Names and numbers that libvirt 1.2.14 does not declare yet.
constexpr unsigned kStatsDirtyRate = 1 << 9;    // VIR_DOMAIN_STATS_DIRTYRATE
constexpr int kDirtyRateMeasured = 2;           // VIR_DOMAIN_DIRTYRATE_MEASURED
constexpr unsigned kFailIncompatible = 1 << 0;  // VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE
constexpr int kOperationMigrationIn = 4;        // VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN
constexpr int kOperationMigrationOut = 5;       // VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
constexpr char kOperation[] = "operation";      // VIR_DOMAIN_JOB_OPERATION
constexpr char kIteration[] = "memory_iteration";
constexpr char kDirtyPages[] = "memory_dirty_rate";
constexpr char kPageSize[] = "memory_page_size";

using StartDirtyRateCalc = int (*)(virDomainPtr, int, unsigned);
using CompareHypervisorCpu = int (*)(virConnectPtr, const char*, const char*, const char*, const char*,
                                     const char*, unsigned);

// A symbol of the libvirt that is loaded, which may be newer than the one that we are linked with; null where
// it has none. Node loads addons with a scope of their own, so it is asked of the library by name.
template <typename Function>
Function Find(const char* name) {
  void* const library = dlopen("libvirt.so.0", RTLD_LAZY | RTLD_NOLOAD);
  if (!library) return nullptr;
  const auto found = reinterpret_cast<Function>(dlsym(library, name));
  dlclose(library);
  return found;
}

struct Params {
  virTypedParameterPtr list = nullptr;
  int count = 0;
  Params() = default;
  Params(const Params&) = delete;
  Params& operator=(const Params&) = delete;
  ~Params() { virTypedParamsFree(list, count); }

  std::optional<uint64_t> Find(const char* name) const {
    unsigned long long value = 0;
    if (virTypedParamsGetULLong(list, count, name, &value) == 1) return value;
    return std::nullopt;
  }
};

struct FreeConnection {
  void operator()(virConnectPtr connection) const { virConnectClose(connection); }
};
struct FreePool {
  void operator()(virStoragePoolPtr pool) const { virStoragePoolFree(pool); }
};
using ConnectionHandle = std::unique_ptr<virConnect, FreeConnection>;

class MigrationParams {
 public:
  explicit MigrationParams(const MigrationSettings& settings) {
    if (!settings.data_uri.empty()) {
      virTypedParamsAddString(&params_.list, &params_.count, &capacity_, VIR_MIGRATE_PARAM_URI,
                              settings.data_uri.c_str());
    }
    if (settings.bandwidth_mib > 0) {
      virTypedParamsAddULLong(&params_.list, &params_.count, &capacity_, VIR_MIGRATE_PARAM_BANDWIDTH,
                              settings.bandwidth_mib);
    }
  }
  virTypedParameterPtr list() const { return params_.list; }
  unsigned count() const { return static_cast<unsigned>(params_.count); }

 private:
  Params params_;
  int capacity_ = 0;
};

// Whether the source's daemon failed to connect to the target's, so that nothing has begun.
bool DidNotReach(const VirtError& error) {
  return error.domain == VIR_FROM_RPC || error.code == VIR_ERR_NO_CONNECT ||
         error.code == VIR_ERR_AUTH_FAILED ||
         error.message.find("unable to connect to server") != std::string::npos ||
         error.message.find("Failed to connect to remote libvirt") != std::string::npos;
}

unsigned FlagsOf(virDomainPtr domain) {
  // Without the first the guest would be paused all the while. A guest that is defined here is defined there.
  unsigned flags = VIR_MIGRATE_LIVE;
  if (virDomainIsPersistent(domain) == 1) flags |= VIR_MIGRATE_PERSIST_DEST | VIR_MIGRATE_UNDEFINE_SOURCE;
  return flags;
}

bool IsRunning(virDomainPtr domain) {
  int state = VIR_DOMAIN_NOSTATE;
  return virDomainGetState(domain, &state, nullptr, 0) == 0 &&
         (state == VIR_DOMAIN_RUNNING || state == VIR_DOMAIN_BLOCKED);
}

// Over a connection of our own to the target; it ends with this process. Throws `refused` where nothing may
// be tried: this process does not reach the target either, or the guest is there, so that more had begun than
// the daemon told.
void MigrateDirectly(virDomainPtr domain, const DomainRun& run, const MigrationSettings& settings,
                     const MigrationParams& params, const VirtError& refused) {
  const ConnectionHandle target(virConnectOpen(settings.target_uri.c_str()));
  const DomainHandle there(target ? virDomainLookupByUUIDString(target.get(), run.uuid.c_str()) : nullptr);
  const bool is_there = there && virDomainIsActive(there.get()) != 0;
  if (!target || is_there || !IsRunning(domain)) throw VirtFailure{refused};
  const DomainHandle moved(
      virDomainMigrate3(domain, target.get(), params.list(), params.count(), FlagsOf(domain)));
  if (!moved) ThrowLastError("virDomainMigrate3", domain);
}

// False for a network, pool or volume that there is not; throws for a look-up that failed.
bool FailUnlessMissing(const char* call) {
  const VirtError error = TakeLastError(call);
  const bool is_missing = error.code == VIR_ERR_NO_NETWORK || error.code == VIR_ERR_NO_STORAGE_POOL ||
                          error.code == VIR_ERR_NO_STORAGE_VOL || error.code == VIR_ERR_NO_SUPPORT;
  if (!is_missing) throw VirtFailure{error};
  return false;
}

}  // namespace

MigrationOutcome Migrate(const Connection& connection, const DomainRun& run,
                         const MigrationSettings& settings) {
  const auto began = std::chrono::steady_clock::now();
  const DomainHandle domain = connection.FindDomain(run);
  const MigrationParams params(settings);
  if (settings.downtime_milliseconds > 0 &&
      virDomainMigrateSetMaxDowntime(domain.get(), settings.downtime_milliseconds, 0) != 0) {
    ThrowLastError("virDomainMigrateSetMaxDowntime", domain.get());
  }
  const unsigned flags = FlagsOf(domain.get()) | VIR_MIGRATE_PEER2PEER;
  if (virDomainMigrateToURI3(domain.get(), settings.target_uri.c_str(), params.list(), params.count(),
                             flags) != 0) {
    VirtError error = TakeLastError("virDomainMigrateToURI3");
    if (const char* name = virDomainGetName(domain.get())) error.domain_name = name;
    // An RPC error is also what a connection says that is lost here: then there is nobody to ask a second
    // time.
    if (!DidNotReach(error) || !connection.IsAlive()) throw VirtFailure{error};
    // It is about the daemon's connection to the target, and must not be taken for one about ours.
    error.code = VIR_ERR_NO_CONNECT;
    error.domain = VIR_FROM_NONE;
    MigrateDirectly(domain.get(), run, settings, params, error);
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
  MigrationOutcome outcome{took.count(), {}, {}};
  // Only of a guest that is still defined here.
  Params stats;
  int type = 0;
  if (virDomainGetJobStats(domain.get(), &type, &stats.list, &stats.count, VIR_DOMAIN_JOB_STATS_COMPLETED) ==
      0) {
    outcome.downtime_milliseconds = stats.Find(VIR_DOMAIN_JOB_DOWNTIME);
    outcome.memory_processed = stats.Find(VIR_DOMAIN_JOB_MEMORY_PROCESSED);
  }
  virResetLastError();
  return outcome;
}

std::optional<MigrationJob> ReadMigrationJob(const Connection& connection, const std::string& uuid) {
  const DomainHandle domain = connection.FindDomain({uuid});
  Params stats;
  int type = VIR_DOMAIN_JOB_NONE;
  if (virDomainGetJobStats(domain.get(), &type, &stats.list, &stats.count, 0) != 0) {
    VirtError error = TakeLastError("virDomainGetJobStats");
    if (error.code == VIR_ERR_NO_SUPPORT) return std::nullopt;
    // Statistics are the source's: of a guest that comes here libvirt says this and no more.
    if (error.code == VIR_ERR_OPERATION_UNSUPPORTED) {
      MigrationJob incoming{};
      incoming.is_incoming = true;
      return incoming;
    }
    throw VirtFailure{error};
  }
  if (type != VIR_DOMAIN_JOB_BOUNDED && type != VIR_DOMAIN_JOB_UNBOUNDED) return std::nullopt;
  int operation = kOperationMigrationOut;  // an old libvirt does not say: saving a guest is rarer
  virTypedParamsGetInt(stats.list, stats.count, kOperation, &operation);
  if (operation != kOperationMigrationIn && operation != kOperationMigrationOut) return std::nullopt;
  MigrationJob job{};
  job.is_incoming = operation == kOperationMigrationIn;
  job.elapsed = stats.Find(VIR_DOMAIN_JOB_TIME_ELAPSED).value_or(0);
  job.memory_total = stats.Find(VIR_DOMAIN_JOB_MEMORY_TOTAL);
  job.memory_remaining = stats.Find(VIR_DOMAIN_JOB_MEMORY_REMAINING);
  job.memory_processed = stats.Find(VIR_DOMAIN_JOB_MEMORY_PROCESSED);
  job.bandwidth = stats.Find(VIR_DOMAIN_JOB_MEMORY_BPS);
  job.iteration = stats.Find(kIteration);
  const auto pages = stats.Find(kDirtyPages);
  if (pages) job.dirty_rate = *pages * stats.Find(kPageSize).value_or(4096);
  virResetLastError();
  return job;
}

void AbortMigration(const Connection& connection, const std::string& uuid) {
  if (!ReadMigrationJob(connection, uuid)) return;
  const DomainHandle domain = connection.FindDomain({uuid});
  if (virDomainAbortJob(domain.get()) == 0) return;
  VirtError error = TakeLastError("virDomainAbortJob");
  // It ended meanwhile.
  if (error.code == VIR_ERR_OPERATION_INVALID && !ReadMigrationJob(connection, uuid)) return;
  if (const char* name = virDomainGetName(domain.get())) error.domain_name = name;
  throw VirtFailure{error};
}

bool StartDirtyRate(const Connection& connection, const std::string& uuid, int seconds) {
  const auto start = Find<StartDirtyRateCalc>("virDomainStartDirtyRateCalc");
  const DomainHandle domain = connection.FindDomain({uuid});
  if (!start) return false;
  if (start(domain.get(), seconds, 0) == 0) return true;
  VirtError error = TakeLastError("virDomainStartDirtyRateCalc");
  if (error.code == VIR_ERR_NO_SUPPORT || error.code == VIR_ERR_OPERATION_UNSUPPORTED ||
      error.code == VIR_ERR_ARGUMENT_UNSUPPORTED) {
    return false;
  }
  if (const char* name = virDomainGetName(domain.get())) error.domain_name = name;
  throw VirtFailure{error};
}

std::optional<double> ReadDirtyRate(const Connection& connection, const std::string& uuid) {
  const DomainHandle domain = connection.FindDomain({uuid});
  virDomainPtr one[] = {domain.get(), nullptr};
  virDomainStatsRecordPtr* list = nullptr;
  const int count = virDomainListGetStats(one, kStatsDirtyRate, &list, 0);
  if (count < 0) ThrowLastError("virDomainListGetStats", domain.get());
  const StatsListHandle owner(list);
  int status = 0;
  long long rate = -1;
  for (int i = 0; i < count; ++i) {
    virTypedParamsGetInt(list[i]->params, list[i]->nparams, "dirtyrate.calc_status", &status);
    virTypedParamsGetLLong(list[i]->params, list[i]->nparams, "dirtyrate.megabytes_per_second", &rate);
  }
  virResetLastError();
  if (status != kDirtyRateMeasured || rate < 0) return std::nullopt;
  return static_cast<double>(rate);
}

std::string ProblemWith(const Connection& connection, const GuestHardware& guest) {
  const char* virtualization = guest.virtualization.empty() ? nullptr : guest.virtualization.c_str();
  const CString known(virConnectGetDomainCapabilities(connection.get(), nullptr, guest.architecture.c_str(),
                                                      guest.machine.c_str(), virtualization, 0));
  if (!known) {
    const VirtError error = TakeLastError("virConnectGetDomainCapabilities");
    if (error.code == VIR_ERR_NO_SUPPORT) return "";
    // What libvirt has no emulator, accelerator or machine for.
    if (error.code == VIR_ERR_INVALID_ARG || error.code == VIR_ERR_CONFIG_UNSUPPORTED) return error.message;
    throw VirtFailure{error};
  }
  const auto compare = Find<CompareHypervisorCpu>("virConnectCompareHypervisorCPU");
  if (guest.cpu.empty() || !compare) return "";
  const int compared = compare(connection.get(), nullptr, guest.architecture.c_str(), guest.machine.c_str(),
                               virtualization, guest.cpu.c_str(), kFailIncompatible);
  if (compared > VIR_CPU_COMPARE_INCOMPATIBLE) return "";
  if (compared == VIR_CPU_COMPARE_INCOMPATIBLE) return "its CPU is incompatible with the guest's";
  const VirtError error = TakeLastError("virConnectCompareHypervisorCPU");
  if (error.code == VIR_ERR_CPU_INCOMPATIBLE) return error.message;
  // Architectures and drivers that libvirt cannot compare for.
  if (error.code == VIR_ERR_NO_SUPPORT || error.code == VIR_ERR_OPERATION_UNSUPPORTED) return "";
  throw VirtFailure{error};
}

bool HasNetwork(const Connection& connection, const std::string& name) {
  const virNetworkPtr network = virNetworkLookupByName(connection.get(), name.c_str());
  if (!network) return FailUnlessMissing("virNetworkLookupByName");
  const bool is_active = virNetworkIsActive(network) == 1;
  virNetworkFree(network);
  return is_active;
}

bool HasVolume(const Connection& connection, const std::string& pool_name, const std::string& name) {
  const virStoragePoolPtr pool = virStoragePoolLookupByName(connection.get(), pool_name.c_str());
  if (!pool) return FailUnlessMissing("virStoragePoolLookupByName");
  const std::unique_ptr<virStoragePool, FreePool> owner(pool);  // after an error was read: freeing clears it
  const virStorageVolPtr volume = virStorageVolLookupByName(pool, name.c_str());
  if (!volume) return FailUnlessMissing("virStorageVolLookupByName");
  virStorageVolFree(volume);
  return true;
}

}  // namespace ballast
