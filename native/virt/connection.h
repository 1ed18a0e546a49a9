#pragma once

#include <libvirt/libvirt.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "virt/handles.h"

namespace ballast {

// A running domain in one listing.
struct ActiveDomain {
  std::string uuid;
  std::string name;
  int id;
  int state;
  // What tells the run from every other, see RunOfProcess. A sampler fills it in; empty: not to be had here.
  std::string run;
  // Within one connection no id is given twice.
  bool SameRun(const ActiveDomain& other) const { return id == other.id && uuid == other.uuid; }
};

// One run of a domain, or any run.
struct DomainRun {
  std::string uuid;
  int id = -1;  // -1: any
};

// The shape of a host; it changes when pCPUs are switched on or off, or plugged in.
struct HostDescription {
  std::string capabilities;  // XML
  uint64_t memory_kib;
  uint32_t cpu_count;            // width of affinity maps
  std::vector<uint32_t> online;  // bitmap, as libvirt's node CPU map has it
  bool is_local;                 // it is the machine that we run on, as far as the URI tells
  std::string isolated;          // the kernel's list of isolated CPUs; empty: none, or not known
};

// CPU maps of a domain's vCPUs, by number, one after the other.
struct VcpuPinMaps {
  size_t words_per_vcpu;
  std::vector<uint32_t> words;
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
  // Keepalive: seconds between requests, 0 for none. After `keepalive_count` requests without an answer the
  // connection is closed.
  int keepalive_interval_seconds = 0;
  unsigned keepalive_count = 0;
};

// One open libvirt connection; it is closed with its last owner. Every member blocks, throws VirtFailure, and
// may be called from any thread but the JS thread.
class Connection {
 public:
  static std::shared_ptr<Connection> Open(const ConnectOptions& options);
  // One more connection to the same host, without keepalive.
  std::shared_ptr<Connection> OpenAnother() const;
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  virConnectPtr get() const { return connection_; }
  const ConnectOptions& options() const { return options_; }
  // Whether this is libvirt's test driver, which simulates a host; each connection may have one of its own.
  bool IsTestDriver() const;
  // Whether the host is the machine that we run on, as far as the URI tells.
  bool IsLocal() const;

  bool IsAlive() const;
  // Whether keepalive is on. Such a connection makes no calls beside its events: libvirt up to 10.3 has hung
  // or crashed in its client when a connection was given up (CVE-2024-4418), so calls go over connections
  // without.
  bool keeps_alive() const { return keeps_alive_; }

  HostDescription Describe() const;
  // The online pCPUs as a bitmap for `cpu_count` of them; empty: not known. A file on the machine that we run
  // on, elsewhere one call.
  std::vector<uint32_t> ReadOnline(uint32_t cpu_count) const;
  // The domains that run, ascending by id. Asks no monitor.
  std::vector<ActiveDomain> ListActive() const;
  // Fails with VIR_ERR_NO_DOMAIN for a run that is over.
  DomainHandle FindDomain(const DomainRun& run) const;
  // The element of this namespace in a domain's metadata, as XML. Asks no monitor.
  std::optional<std::string> ReadMetadata(const std::string& uuid, const std::string& xml_namespace) const;
  // Sets the element of this namespace, live, or takes it away; `key` is the prefix that it is written with.
  void WriteMetadata(const DomainRun& run, const std::string& xml_namespace, const std::string& key,
                     const std::optional<std::string>& xml) const;
  // A domain's XML as it runs, without secrets. Asks no monitor.
  std::string ReadXml(const std::string& uuid) const;
  NodeMemory ReadNodeMemory() const;
  // Nanoseconds that one pCPU was busy and idle; false where the driver does not tell.
  bool ReadNodeCpu(int cpu, uint64_t& busy, uint64_t& idle) const;

  // What libvirt has each vCPU pinned to, vCPUs that are not plugged in among them. Asks no monitor, and no
  // kernel.
  VcpuPinMaps ReadVcpuPins(const std::string& uuid, uint32_t cpu_count) const;
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
