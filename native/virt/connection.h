#pragma once

#include <libvirt/libvirt.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "virt/handles.h"

namespace ballast {

// A domain that runs, as one listing shows it.
struct ActiveDomain {
  std::string uuid;
  std::string name;
  int id;
  int state;
  bool SameRun(const ActiveDomain& other) const { return id == other.id && uuid == other.uuid; }
};

// One run of a domain, or whichever there is.
struct DomainRun {
  std::string uuid;
  int id = -1;  // -1: any
};

// What a host is, apart from what it does.
struct HostDescription {
  std::string capabilities;  // XML
  uint64_t memory_kib;
  uint32_t cpu_count;            // width of affinity maps
  std::vector<uint32_t> online;  // bitmap, as libvirt's node CPU map has it
  std::string isolated;          // the kernel's list of isolated CPUs; empty: none, or not known
};

struct NodeMemory {
  double total_kib;  // NaN: not known
  double free_kib;
  double available_kib;
  double pressure;  // 0 to 1; only the local kernel tells
};

struct ConnectOptions {
  std::string uri;
  bool read_only = false;
  // Has libvirt ask the daemon this often whether it is there, and gives it up after `keepalive_count`
  // unanswered times. 0: never.
  int keepalive_interval_seconds = 0;
  unsigned keepalive_count = 0;
};

// One open libvirt connection; closes with its last owner. Every member blocks, throws VirtFailure, and may
// be called from any thread but the JS thread.
class Connection {
 public:
  static std::shared_ptr<Connection> Open(const ConnectOptions& options);
  // One more to the same host, that never asks whether the daemon is there.
  std::shared_ptr<Connection> OpenAnother() const;
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  virConnectPtr get() const { return connection_; }
  const ConnectOptions& options() const { return options_; }
  // Whether libvirt makes the host up (its test driver): another connection may have one of its own then.
  bool IsTestDriver() const;
  // Whether the host is the machine that we run on, as far as the URI tells.
  bool IsLocal() const;

  bool IsAlive() const;
  // Whether it asks the daemon. One that does may have one call under way at a time: in libvirt up to 10.3
  // (CVE-2024-4418) a second one that waits when the daemon is given up hangs, and then crashes the process.
  bool keeps_alive() const { return keeps_alive_; }

  HostDescription Describe() const;
  // The domains that run, ascending by id. Asks no monitor.
  std::vector<ActiveDomain> ListActive() const;
  // Fails with VIR_ERR_NO_DOMAIN for a run that is over.
  DomainHandle FindDomain(const DomainRun& run) const;
  // The element of this namespace in a domain's metadata, as XML. Asks no monitor.
  std::optional<std::string> ReadMetadata(const std::string& uuid, const std::string& xml_namespace) const;
  // A domain's XML as it runs, without secrets. Asks no monitor.
  std::string ReadXml(const std::string& uuid) const;
  NodeMemory ReadNodeMemory() const;
  // Nanoseconds that one pCPU was busy and idle; false where the driver does not tell.
  bool ReadNodeCpu(int cpu, uint64_t& busy, uint64_t& idle) const;

  void PinVcpu(const DomainRun& run, unsigned vcpu, std::vector<uint8_t> cpumap) const;
  void SetMemory(const DomainRun& run, uint64_t kib) const;
  void SetMemoryStatsPeriod(const DomainRun& run, int seconds) const;

 private:
  Connection(virConnectPtr connection, const ConnectOptions& options)
      : connection_(connection), options_(options) {}
  void StartKeepAlive();

  const virConnectPtr connection_;
  const ConnectOptions options_;
  bool keeps_alive_ = false;
};

}  // namespace ballast
