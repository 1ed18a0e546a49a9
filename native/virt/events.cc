#include "virt/events.h"

#include <libvirt/virterror.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "virt/error.h"

namespace ballast {
namespace {

// What libvirt's callbacks own, and no more: a driver without close callbacks accepts one all the same and
// never frees it.
using WeakListener = std::weak_ptr<EventListener>;

HostEvent EventOf(HostEvent::Kind kind, virDomainPtr domain) {
  HostEvent event{};
  event.kind = kind;
  char uuid[VIR_UUID_STRING_BUFLEN] = "";
  virDomainGetUUIDString(domain, uuid);
  event.uuid = uuid;
  if (const char* name = virDomainGetName(domain)) event.name = name;
  event.id = static_cast<int>(virDomainGetID(domain));
  return event;
}

void Tell(void* opaque, HostEvent event) {
  const auto listener = static_cast<WeakListener*>(opaque)->lock();
  if (listener) (*listener)(std::move(event));
}

int OnLifecycle(virConnectPtr, virDomainPtr domain, int event, int, void* opaque) {
  HostEvent told = EventOf(HostEvent::Kind::kLifecycle, domain);
  told.detail = event;
  Tell(opaque, std::move(told));
  return 0;
}

void OnReboot(virConnectPtr, virDomainPtr domain, void* opaque) {
  Tell(opaque, EventOf(HostEvent::Kind::kReboot, domain));
}

void OnBalloonChange(virConnectPtr, virDomainPtr domain, unsigned long long actual_kib, void* opaque) {
  HostEvent told = EventOf(HostEvent::Kind::kBalloon, domain);
  told.bytes = static_cast<double>(actual_kib) * 1024;
  Tell(opaque, std::move(told));
}

// "cputune.vcpu_quota", "cputune.global_period" and the like.
bool IsOfBandwidth(const virTypedParameter& param) {
  const std::string_view field(param.field);
  const auto ends_with = [field](std::string_view end) {
    return field.size() >= end.size() && field.substr(field.size() - end.size()) == end;
  };
  return field.compare(0, 8, "cputune.") == 0 && (ends_with("_quota") || ends_with("_period"));
}

void OnTunable(virConnectPtr, virDomainPtr domain, virTypedParameterPtr params, int count, void* opaque) {
  constexpr char kPrefix[] = "cputune.vcpupin";
  unsigned long long shares = 0;
  if (virTypedParamsGetULLong(params, count, VIR_DOMAIN_TUNABLE_CPU_CPU_SHARES, &shares) == 1) {
    HostEvent told = EventOf(HostEvent::Kind::kCpuShares, domain);
    told.shares = static_cast<double>(shares);
    Tell(opaque, std::move(told));
  }
  if (std::any_of(params, params + count, IsOfBandwidth)) {
    Tell(opaque, EventOf(HostEvent::Kind::kCpuQuota, domain));
  }
  for (int i = 0; i < count; ++i) {
    if (strncmp(params[i].field, kPrefix, sizeof kPrefix - 1) != 0) continue;
    if (params[i].type != VIR_TYPED_PARAM_STRING) continue;
    HostEvent told = EventOf(HostEvent::Kind::kVcpuPin, domain);
    told.detail = atoi(params[i].field + sizeof kPrefix - 1);
    told.text = params[i].value.s;
    Tell(opaque, std::move(told));
  }
}

void TellDevice(virDomainPtr domain, const char* alias, bool added, void* opaque) {
  HostEvent told = EventOf(HostEvent::Kind::kDevice, domain);
  told.text = alias;
  told.added = added;
  Tell(opaque, std::move(told));
}
void OnDeviceAdded(virConnectPtr, virDomainPtr domain, const char* alias, void* opaque) {
  TellDevice(domain, alias, true, opaque);
}
void OnDeviceRemoved(virConnectPtr, virDomainPtr domain, const char* alias, void* opaque) {
  TellDevice(domain, alias, false, opaque);
}

#if LIBVIR_VERSION_NUMBER >= 7009000
void OnDeviceSizeChange(virConnectPtr, virDomainPtr domain, const char* alias, unsigned long long,
                        void* opaque) {
  HostEvent told = EventOf(HostEvent::Kind::kDeviceSize, domain);
  told.text = alias;
  Tell(opaque, std::move(told));
}
#endif

#if LIBVIR_VERSION_NUMBER >= 3000000
void OnMetadataChange(virConnectPtr, virDomainPtr domain, int type, const char* xml_namespace, void* opaque) {
  if (type != VIR_DOMAIN_METADATA_ELEMENT || !xml_namespace) return;
  HostEvent told = EventOf(HostEvent::Kind::kMetadata, domain);
  told.text = xml_namespace;
  Tell(opaque, std::move(told));
}
#endif

#if LIBVIR_VERSION_NUMBER >= 1003002
// Each time that all memory is gone through, the first time too: libvirt tells of no beginning.
void OnMigrationIteration(virConnectPtr, virDomainPtr domain, int, void* opaque) {
  Tell(opaque, EventOf(HostEvent::Kind::kMigration, domain));
}
#endif

void OnClosed(virConnectPtr, int reason, void* opaque) {
  HostEvent told{};
  told.kind = HostEvent::Kind::kClosed;
  told.detail = reason;
  Tell(opaque, std::move(told));
}

void FreeListener(void* opaque) { delete static_cast<WeakListener*>(opaque); }

}  // namespace

EventSubscription::EventSubscription(std::shared_ptr<Connection> connection, EventListener listener)
    : connection_(std::move(connection)), listener_(std::make_shared<EventListener>(std::move(listener))) {
  hears_lifecycle_ = Register(VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(OnLifecycle));
  Register(VIR_DOMAIN_EVENT_ID_REBOOT, VIR_DOMAIN_EVENT_CALLBACK(OnReboot));
  Register(VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(OnBalloonChange));
  Register(VIR_DOMAIN_EVENT_ID_TUNABLE, VIR_DOMAIN_EVENT_CALLBACK(OnTunable));
  Register(VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(OnDeviceAdded));
  Register(VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(OnDeviceRemoved));
#if LIBVIR_VERSION_NUMBER >= 7009000
  Register(VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(OnDeviceSizeChange));
#endif
#if LIBVIR_VERSION_NUMBER >= 1003002
  Register(VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION, VIR_DOMAIN_EVENT_CALLBACK(OnMigrationIteration));
#endif
#if LIBVIR_VERSION_NUMBER >= 3000000
  Register(VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(OnMetadataChange));
#endif
  auto opaque = std::make_unique<WeakListener>(listener_);
  watches_close_ =
      virConnectRegisterCloseCallback(connection_->get(), OnClosed, opaque.get(), FreeListener) == 0;
  if (watches_close_) static_cast<void>(opaque.release());
  virResetLastError();
}

// A driver that does not know an event cannot send it: what is not registered is not missed.
bool EventSubscription::Register(int event, virConnectDomainEventGenericCallback callback) {
  auto opaque = std::make_unique<WeakListener>(listener_);
  const int id = virConnectDomainEventRegisterAny(connection_->get(), nullptr, event, callback, opaque.get(),
                                                  FreeListener);
  if (id < 0) return false;
  static_cast<void>(opaque.release());
  callbacks_.push_back(id);
  return true;
}

void EventSubscription::Stop() {
  for (const int id : callbacks_) virConnectDomainEventDeregisterAny(connection_->get(), id);
  callbacks_.clear();
  if (watches_close_) virConnectUnregisterCloseCallback(connection_->get(), OnClosed);
  watches_close_ = false;
}

}  // namespace ballast
