#include "fake_libvirt.h"

#include <libvirt/virterror.h>

#include <cstdlib>
#include <cstring>
#include <optional>

using ballast::test::FakeDomain;
using ballast::test::FakeLibvirt;

struct _virConnect {};
struct _virDomain {
  FakeDomain domain;
  std::string uuid;
};

namespace {

struct Inside {
  Inside() { ballast::test::inside_library = true; }
  ~Inside() { ballast::test::inside_library = false; }
};

thread_local virError last_error;
thread_local std::string last_message;

std::string UuidOf(const FakeDomain& domain) { return "uuid of " + domain.name; }

virDomainPtr NewDomain(const FakeDomain& domain) { return new _virDomain{domain, UuidOf(domain)}; }

virDomainPtr Find(const std::function<bool(const FakeDomain&)>& is_it) {
  const Inside inside;
  for (const FakeDomain& domain : FakeLibvirt::Get().domains()) {
    if (is_it(domain)) return NewDomain(domain);
  }
  FakeLibvirt::SetError(VIR_ERR_NO_DOMAIN, "no domain");
  return nullptr;
}

int Unsupported() {
  FakeLibvirt::SetError(VIR_ERR_NO_SUPPORT, "not supported");
  return -1;
}

}  // namespace

namespace ballast::test {

thread_local bool inside_library = false;

FakeLibvirt& FakeLibvirt::Get() {
  static auto* const libvirt = new FakeLibvirt();  // threads that never end use it
  return *libvirt;
}

void FakeLibvirt::SetError(int code, const std::string& message) {
  last_message = message;
  last_error.code = code;
  last_error.message = last_message.data();
}

}  // namespace ballast::test

extern "C" {

int virInitialize() { return 0; }
void virSetErrorFunc(void*, virErrorFunc) {}
virErrorPtr virGetLastError() { return last_error.code == 0 ? nullptr : &last_error; }
void virResetLastError() { last_error = {}; }
int virEventRegisterDefaultImpl() { return 0; }
int virEventRunDefaultImpl() { return FakeLibvirt::Get().run_event_loop(); }

virConnectPtr virConnectOpen(const char*) { return new _virConnect(); }
virConnectPtr virConnectOpenReadOnly(const char*) { return new _virConnect(); }
int virConnectClose(virConnectPtr connection) {
  delete connection;
  return 0;
}
int virConnectIsAlive(virConnectPtr) { return 1; }
int virConnectSetKeepAlive(virConnectPtr, int, unsigned) { return Unsupported(); }
char* virConnectGetCapabilities(virConnectPtr) { return strdup("<capabilities/>"); }
const char* virConnectGetType(virConnectPtr) { return "QEMU"; }

int virConnectGetAllDomainStats(virConnectPtr, unsigned, virDomainStatsRecordPtr** list, unsigned) {
  const Inside inside;
  FakeLibvirt::Get().list_domains();
  const std::vector<FakeDomain> domains = FakeLibvirt::Get().domains();
  *list = static_cast<virDomainStatsRecordPtr*>(calloc(domains.size() + 1, sizeof(virDomainStatsRecordPtr)));
  for (size_t i = 0; i < domains.size(); ++i) {
    (*list)[i] = new virDomainStatsRecord{NewDomain(domains[i]), nullptr, 0};
  }
  return static_cast<int>(domains.size());
}
void virDomainStatsRecordListFree(virDomainStatsRecordPtr* list) {
  for (virDomainStatsRecordPtr* record = list; *record; ++record) {
    virDomainFree((*record)->dom);
    delete *record;
  }
  free(list);
}

int virNodeGetInfo(virConnectPtr, virNodeInfoPtr) { return 0; }
int virNodeGetCPUMap(virConnectPtr, unsigned char**, unsigned*, unsigned) { return Unsupported(); }
int virNodeGetCPUStats(virConnectPtr, int, virNodeCPUStatsPtr, int*, unsigned) { return Unsupported(); }
int virNodeGetMemoryStats(virConnectPtr, int, virNodeMemoryStatsPtr, int*, unsigned) { return Unsupported(); }

virDomainPtr virDomainLookupByID(virConnectPtr, int id) {
  return Find([id](const FakeDomain& domain) { return domain.id == id; });
}
virDomainPtr virDomainLookupByUUIDString(virConnectPtr, const char* uuid) {
  return Find([uuid](const FakeDomain& domain) { return UuidOf(domain) == uuid; });
}
int virDomainFree(virDomainPtr domain) {
  delete domain;
  return 0;
}
unsigned virDomainGetID(virDomainPtr domain) { return static_cast<unsigned>(domain->domain.id); }
const char* virDomainGetName(virDomainPtr domain) { return domain->domain.name.c_str(); }
int virDomainGetUUIDString(virDomainPtr domain, char* buffer) {
  strncpy(buffer, domain->uuid.c_str(), VIR_UUID_STRING_BUFLEN - 1);
  return 0;
}
int virDomainGetInfo(virDomainPtr domain, virDomainInfoPtr info) {
  *info = {};
  info->memory = info->maxMem = domain->domain.memory_kib;
  return 0;
}
int virDomainMemoryStats(virDomainPtr domain, virDomainMemoryStatPtr stats, unsigned, unsigned) {
  return FakeLibvirt::Get().memory_stats(domain->domain.id, stats);
}
int virDomainGetMaxVcpus(virDomainPtr domain) { return static_cast<int>(domain->domain.vcpus); }
int virDomainGetVcpus(virDomainPtr domain, virVcpuInfoPtr info, int count, unsigned char*, int) {
  FakeLibvirt::Get().read_vcpus();
  if (domain->domain.has_thread_of_all) {
    FakeLibvirt::SetError(VIR_ERR_OPERATION_INVALID,
                          "Requested operation is not valid: cpu affinity is not supported");
    return -1;
  }
  for (int i = 0; i < count; ++i) {
    info[i] = {};
    info[i].number = static_cast<unsigned>(i);
  }
  return static_cast<int>(domain->domain.vcpus);
}
char* virDomainGetMetadata(virDomainPtr, int, const char*, unsigned) { return nullptr; }
char* virDomainGetXMLDesc(virDomainPtr, unsigned) { return nullptr; }
int virDomainGetVcpuPinInfo(virDomainPtr, int, unsigned char*, int, unsigned) { return Unsupported(); }
int virDomainPinVcpu(virDomainPtr, unsigned, unsigned char*, int) { return Unsupported(); }
int virDomainSetMetadata(virDomainPtr, int, const char*, const char*, const char*, unsigned) {
  return Unsupported();
}
int virDomainSetMemory(virDomainPtr, unsigned long) { return Unsupported(); }
int virDomainSetMemoryStatsPeriod(virDomainPtr, int, unsigned) { return Unsupported(); }

int virTypedParamsGetInt(virTypedParameterPtr, int, const char*, int* value) {
  *value = VIR_DOMAIN_RUNNING;  // all that is asked for: every domain's state
  return 1;
}

}  // extern "C"
