#pragma once

#include <libvirt/libvirt.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "virt/connection.h"

namespace ballast {

// An event from libvirt, copied out of its callback.
struct HostEvent {
  enum class Kind {
    kLifecycle,
    kReboot,
    kBalloon,
    kVcpuPin,
    kCpuShares,
    kCpuQuota,
    kDevice,
    kDeviceSize,
    kMetadata,
    kMigration,
    kClosed
  } kind;
  std::string uuid;
  std::string name;
  int id = -1;
  int detail = 0;     // lifecycle: virDomainEventType; closed: virConnectCloseReason; vcpuPin: the vCPU
  double bytes = 0;   // balloon: its new size
  double shares = 0;  // cpuShares
  std::string
      text;  // vcpuPin: the CPU list; device, deviceSize: its alias; metadata: the element's namespace
  bool added = false;  // device: plugged in, not out
};
using EventListener = std::function<void(HostEvent)>;

// The registration for all events of a connection. The listener is called from libvirt's event loop thread,
// until Stop. Both members block.
class EventSubscription {
 public:
  EventSubscription(std::shared_ptr<Connection> connection, EventListener listener);
  ~EventSubscription() { Stop(); }
  EventSubscription(const EventSubscription&) = delete;
  EventSubscription& operator=(const EventSubscription&) = delete;
  // Whether the driver tells when domains start, stop and pause.
  bool hears_lifecycle() const { return hears_lifecycle_; }
  // Must be called for the connection to be freed: libvirt's callbacks hold a reference to it.
  void Stop();

 private:
  // Whether the driver knows this event.
  bool Register(int event, virConnectDomainEventGenericCallback callback);

  std::shared_ptr<Connection> connection_;
  // libvirt's callbacks find it for as long as it is there; they may come when we are gone.
  std::shared_ptr<EventListener> listener_;
  std::vector<int> callbacks_;
  bool hears_lifecycle_ = false;
  bool watches_close_ = false;
};

}  // namespace ballast
