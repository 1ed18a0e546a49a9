#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "os/vcpu_threads.h"
#include "virt/connection.h"

namespace ballast {

// The vCPU counters of one running domain by virDomainGetVcpus, for a host whose /proc cannot be read.
// libvirtd spends most of that call on the affinity (0.2 of 0.35 ms for each vCPU, measured), so what it was
// is kept, and read again only on request or when the set of vCPUs has changed.
class VcpuReader {
 public:
  VcpuReader(std::shared_ptr<Connection> connection, int domain_id, uint32_t cpu_count)
      : connection_(std::move(connection)), domain_id_(domain_id), cpu_count_(cpu_count) {}

  // Like VcpuThreads::Read: appends to `readings` and `affinity`, and nothing where it returns false.
  bool Read(bool refresh_affinity, std::vector<VcpuReading>& readings, std::vector<uint32_t>& affinity,
            size_t word_count);
  // Whether libvirt said at the last reading that its vCPUs have no threads of their own.
  bool has_thread_of_all() const { return has_thread_of_all_; }

 private:
  bool Ask(bool refresh_affinity);
  bool HasOtherVcpus() const;

  const std::shared_ptr<Connection> connection_;
  const int domain_id_;
  const uint32_t cpu_count_;
  DomainHandle domain_;  // opened when first needed
  int max_vcpus_ = 0;
  std::vector<virVcpuInfo> infos_;  // of the vCPUs that are online
  std::vector<unsigned> mapped_;    // the numbers of those that `maps_` is of
  std::vector<uint8_t> maps_;       // one after the other
  bool has_thread_of_all_ = false;
};

}  // namespace ballast
