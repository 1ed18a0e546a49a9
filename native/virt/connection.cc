#include "virt/connection.h"

#include <libvirt/virterror.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "os/fd.h"
#include "os/proc_text.h"
#include "util/cpu_bitmap.h"
#include "virt/error.h"
#include "virt/init.h"

namespace ballast {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

std::string NameOf(virDomainPtr domain) {
  const char* name = virDomainGetName(domain);
  return name ? name : "";
}

int StateOf(const virDomainStatsRecord& record) {
  int state = VIR_DOMAIN_NOSTATE;
  virTypedParamsGetInt(record.params, record.nparams, "state.state", &state);
  return state;
}

// `read` is libvirt's pair of calls: first how many statistics there are, then the statistics.
template <typename Stats, typename Read>
std::vector<Stats> ReadNodeStats(Read read) {
  int count = 0;
  if (read(nullptr, &count) != 0 || count <= 0) return {};
  std::vector<Stats> stats(static_cast<size_t>(count));
  if (read(stats.data(), &count) != 0) return {};
  stats.resize(static_cast<size_t>(count));
  return stats;
}

template <typename Stats>
double ValueOf(const std::vector<Stats>& stats, const char* field) {
  for (const Stats& stat : stats) {
    if (strcmp(stat.field, field) == 0) return static_cast<double>(stat.value);
  }
  return kUnknown;
}

double ReadMemAvailable() {
  const auto kib = ParseMeminfo(ReadFile("/proc/meminfo"), "MemAvailable");
  return kib ? static_cast<double>(*kib) : kUnknown;
}

virConnectPtr OpenLibvirt(const ConnectOptions& options) {
  InitLibvirt();
  const char* uri = options.uri.c_str();
  const virConnectPtr opened = options.read_only ? virConnectOpenReadOnly(uri) : virConnectOpen(uri);
  if (!opened) ThrowLastError(options.read_only ? "virConnectOpenReadOnly" : "virConnectOpen");
  return opened;
}

}  // namespace

std::shared_ptr<Connection> Connection::Open(const ConnectOptions& options) {
  const std::shared_ptr<Connection> connection(new Connection(OpenLibvirt(options), options));
  if (options.keepalive_interval_seconds > 0) connection->StartKeepAlive();
  return connection;
}

std::shared_ptr<Connection> Connection::OpenAnother() const {
  return std::shared_ptr<Connection>(new Connection(OpenLibvirt(options_), options_));
}

Connection::~Connection() { virConnectClose(connection_); }

bool Connection::IsTestDriver() const {
  return options_.uri.compare(0, 5, "test:") == 0 || options_.uri.compare(0, 5, "test+") == 0;
}

bool Connection::IsLocal() const {
  const std::string& uri = options_.uri;
  const size_t scheme_end = uri.find("://");
  if (scheme_end == std::string::npos) return true;  // a path or nothing: libvirt takes the local host
  if (IsTestDriver()) return false;
  const std::string scheme = uri.substr(0, scheme_end);
  const size_t transport = scheme.find('+');
  const bool over_unix = transport == std::string::npos || scheme.substr(transport + 1) == "unix";
  const bool names_host = scheme_end + 3 < uri.size() && uri[scheme_end + 3] != '/';
  return over_unix && !names_host;
}

void Connection::StartKeepAlive() {
  if (virConnectSetKeepAlive(connection_, options_.keepalive_interval_seconds, options_.keepalive_count) <
      0) {
    const VirtError error = TakeLastError("virConnectSetKeepAlive");
    // Drivers that have no daemon need none.
    if (error.code != VIR_ERR_NO_SUPPORT) throw VirtFailure{error};
    return;
  }
  keeps_alive_ = true;
}

bool Connection::IsAlive() const { return virConnectIsAlive(connection_) == 1; }

HostDescription Connection::Describe() const {
  HostDescription host{};
  const CString capabilities(virConnectGetCapabilities(connection_));
  if (!capabilities) ThrowLastError("virConnectGetCapabilities");
  host.capabilities = capabilities.get();

  virNodeInfo info{};
  if (virNodeGetInfo(connection_, &info) != 0) ThrowLastError("virNodeGetInfo");
  // Node info counts NUMA cells, and memory that was plugged in later may be missing from them.
  const double total_kib = ReadNodeMemory().total_kib;
  host.memory_kib = total_kib > info.memory ? static_cast<uint64_t>(total_kib) : info.memory;
  host.cpu_count = VIR_NODEINFO_MAXCPUS(info);

  unsigned char* map = nullptr;
  unsigned online = 0;
  const int mapped = virNodeGetCPUMap(connection_, &map, &online, 0);
  const std::unique_ptr<unsigned char, FreeMalloc> owner(map);
  // The test driver's map is a constant that has nothing to do with the rest of its node.
  const char* driver = virConnectGetType(connection_);
  if (mapped > 0 && !(driver && strcmp(driver, "TEST") == 0)) {
    host.cpu_count = std::max(host.cpu_count, static_cast<uint32_t>(mapped));
    host.online.resize(BitmapWords(host.cpu_count));
    DecodeCpumap(map, CpumapBytes(static_cast<size_t>(mapped)), host.online.data(), host.online.size());
  }
  if (host.online.empty()) host.online = ReadOnline(host.cpu_count);
  // libvirt does not tell of these: only the local kernel can be asked.
  host.is_local = IsLocal();
  if (IsLocal()) host.isolated = ReadFile("/sys/devices/system/cpu/isolated");
  return host;
}

std::vector<uint32_t> Connection::ReadOnline(uint32_t cpu_count) const {
  std::vector<uint32_t> online(BitmapWords(cpu_count));
  if (IsTestDriver()) return {};
  if (IsLocal()) {
    const std::string list = ReadFile("/sys/devices/system/cpu/online");
    if (!list.empty() && ParseCpuList(list, online.data(), online.size())) return online;
  }
  unsigned char* map = nullptr;
  unsigned count = 0;
  const int mapped = virNodeGetCPUMap(connection_, &map, &count, 0);
  const std::unique_ptr<unsigned char, FreeMalloc> owner(map);
  virResetLastError();
  if (mapped <= 0) return {};
  online.resize(std::max(online.size(), BitmapWords(static_cast<size_t>(mapped))));
  DecodeCpumap(map, CpumapBytes(static_cast<size_t>(mapped)), online.data(), online.size());
  return online;
}

std::vector<ActiveDomain> Connection::ListActive() const {
  virDomainStatsRecordPtr* list = nullptr;
  const int count = virConnectGetAllDomainStats(connection_, VIR_DOMAIN_STATS_STATE, &list,
                                                VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE);
  if (count < 0) ThrowLastError("virConnectGetAllDomainStats");
  const StatsListHandle owner(list);
  std::vector<ActiveDomain> domains;
  domains.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    const virDomainPtr domain = list[i]->dom;
    char uuid[VIR_UUID_STRING_BUFLEN] = "";
    virDomainGetUUIDString(domain, uuid);
    const int id = static_cast<int>(virDomainGetID(domain));
    if (id >= 0) domains.push_back(ActiveDomain{uuid, NameOf(domain), id, StateOf(*list[i]), {}});
  }
  std::sort(domains.begin(), domains.end(),
            [](const ActiveDomain& a, const ActiveDomain& b) { return a.id < b.id; });
  return domains;
}

DomainHandle Connection::FindDomain(const DomainRun& run) const {
  constexpr char kCall[] = "virDomainLookupByUUIDString";
  DomainHandle domain(virDomainLookupByUUIDString(connection_, run.uuid.c_str()));
  if (!domain) ThrowLastError(kCall);
  // libvirt itself names domains by UUID alone: this is as late as it can be seen that another run has come.
  if (run.id >= 0 && static_cast<int>(virDomainGetID(domain.get())) != run.id) {
    const std::string message = "its run with id " + std::to_string(run.id) + " is over";
    throw VirtFailure{
        {VIR_ERR_NO_DOMAIN, VIR_FROM_NONE, VIR_ERR_ERROR, message, kCall, NameOf(domain.get())}};
  }
  return domain;
}

std::optional<std::string> Connection::ReadMetadata(const std::string& uuid,
                                                    const std::string& xml_namespace) const {
  const DomainHandle domain = FindDomain({uuid});
  const CString xml(virDomainGetMetadata(domain.get(), VIR_DOMAIN_METADATA_ELEMENT, xml_namespace.c_str(),
                                         VIR_DOMAIN_AFFECT_CURRENT));
  if (xml) return std::string(xml.get());
  VirtError error = TakeLastError("virDomainGetMetadata");
  // Most domains have none, and some drivers keep none.
  if (error.code == VIR_ERR_NO_DOMAIN_METADATA || error.code == VIR_ERR_NO_SUPPORT) return std::nullopt;
  if (const char* name = virDomainGetName(domain.get())) error.domain_name = name;
  throw VirtFailure{error};
}

void Connection::WriteMetadata(const DomainRun& run, const std::string& xml_namespace, const std::string& key,
                               const std::optional<std::string>& xml) const {
  const DomainHandle domain = FindDomain(run);
  if (virDomainSetMetadata(domain.get(), VIR_DOMAIN_METADATA_ELEMENT, xml ? xml->c_str() : nullptr,
                           key.c_str(), xml_namespace.c_str(), VIR_DOMAIN_AFFECT_LIVE) == 0) {
    return;
  }
  VirtError error = TakeLastError("virDomainSetMetadata");
  if (!xml && error.code == VIR_ERR_NO_DOMAIN_METADATA) return;
  if (const char* name = virDomainGetName(domain.get())) error.domain_name = name;
  throw VirtFailure{error};
}

std::string Connection::ReadXml(const std::string& uuid) const {
  const DomainHandle domain = FindDomain({uuid});
  const CString xml(virDomainGetXMLDesc(domain.get(), 0));
  if (!xml) ThrowLastError("virDomainGetXMLDesc", domain.get());
  return xml.get();
}

NodeMemory Connection::ReadNodeMemory() const {
  const auto stats = ReadNodeStats<virNodeMemoryStats>([this](virNodeMemoryStatsPtr params, int* count) {
    return virNodeGetMemoryStats(connection_, VIR_NODE_MEMORY_STATS_ALL_CELLS, params, count, 0);
  });
  virResetLastError();
  NodeMemory memory{};
  memory.pressure = kUnknown;
  memory.total_kib = ValueOf(stats, VIR_NODE_MEMORY_STATS_TOTAL);
  memory.free_kib = ValueOf(stats, VIR_NODE_MEMORY_STATS_FREE);
  // Only the kernel knows how much of its cache can be dropped, and only the local one can be asked.
  memory.available_kib = IsLocal() && !stats.empty()
                             ? ReadMemAvailable()
                             : memory.free_kib + ValueOf(stats, VIR_NODE_MEMORY_STATS_BUFFERS) +
                                   ValueOf(stats, VIR_NODE_MEMORY_STATS_CACHED);
  return memory;
}

bool Connection::ReadNodeCpu(int cpu, uint64_t& busy, uint64_t& idle) const {
  const auto stats = ReadNodeStats<virNodeCPUStats>([this, cpu](virNodeCPUStatsPtr params, int* count) {
    return virNodeGetCPUStats(connection_, cpu, params, count, 0);
  });
  virResetLastError();
  busy = idle = 0;
  for (const virNodeCPUStats& stat : stats) {
    const bool is_idle = strcmp(stat.field, VIR_NODE_CPU_STATS_IDLE) == 0 ||
                         strcmp(stat.field, VIR_NODE_CPU_STATS_IOWAIT) == 0;
    (is_idle ? idle : busy) += stat.value;
  }
  return !stats.empty();
}

VcpuPinMaps Connection::ReadVcpuPins(const std::string& uuid, uint32_t cpu_count) const {
  const DomainHandle domain = FindDomain({uuid});
  const int vcpus = virDomainGetMaxVcpus(domain.get());
  if (vcpus <= 0) ThrowLastError("virDomainGetMaxVcpus", domain.get());
  const size_t map_bytes = CpumapBytes(cpu_count);
  std::vector<uint8_t> maps(static_cast<size_t>(vcpus) * map_bytes);
  const int count = virDomainGetVcpuPinInfo(domain.get(), vcpus, maps.data(), static_cast<int>(map_bytes),
                                            VIR_DOMAIN_AFFECT_CURRENT);
  if (count < 0) ThrowLastError("virDomainGetVcpuPinInfo", domain.get());
  const size_t words = BitmapWords(cpu_count);
  VcpuPinMaps pins{words, std::vector<uint32_t>(static_cast<size_t>(count) * words)};
  for (size_t vcpu = 0; vcpu < static_cast<size_t>(count); ++vcpu) {
    DecodeCpumap(&maps[vcpu * map_bytes], map_bytes, &pins.words[vcpu * words], words);
  }
  return pins;
}

void Connection::PinVcpu(const DomainRun& run, unsigned vcpu, std::vector<uint8_t> cpumap) const {
  const DomainHandle domain = FindDomain(run);
  // Without flags this is the live domain; the test driver knows only this call.
  if (virDomainPinVcpu(domain.get(), vcpu, cpumap.data(), static_cast<int>(cpumap.size())) != 0) {
    ThrowLastError("virDomainPinVcpu", domain.get());
  }
}

void Connection::SetMemory(const DomainRun& run, uint64_t kib) const {
  const DomainHandle domain = FindDomain(run);
  if (virDomainSetMemory(domain.get(), kib) != 0) {
    ThrowLastError("virDomainSetMemory", domain.get());
  }
}

void Connection::SetMemoryStatsPeriod(const DomainRun& run, int seconds) const {
  const DomainHandle domain = FindDomain(run);
  if (virDomainSetMemoryStatsPeriod(domain.get(), seconds, VIR_DOMAIN_AFFECT_CURRENT) != 0) {
    ThrowLastError("virDomainSetMemoryStatsPeriod", domain.get());
  }
}

}  // namespace ballast
