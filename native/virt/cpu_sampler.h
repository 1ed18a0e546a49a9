#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/counter_book.h"
#include "kernel/pcpu_times.h"
#include "kernel/vcpu_threads.h"
#include "virt/connection.h"
#include "virt/domain_table.h"

namespace ballast {

// The columns of lib/host/sample.ts' CpuSample.
struct CpuColumns {
  uint32_t generation = 0;
  std::vector<ActiveDomain> domains;
  double time = 0;
  double interval = 0;
  std::vector<uint8_t> state;
  std::vector<uint8_t> source;
  std::vector<uint32_t> vcpu_start;
  std::vector<uint32_t> vcpu;
  std::vector<double> usage;
  std::vector<double> delay;
  std::vector<int32_t> pcpu;
  uint32_t affinity_words = 0;
  std::vector<uint32_t> affinity;
  std::vector<double> pcpu_busy;
};

// Takes CPU samples of all active domains of one connection. Asks no monitor: one bulk call lists the
// domains and their states; the counters come from the vCPU threads' own files where the host is this
// machine, otherwise from virDomainGetVcpus. One sample at a time; callers from several threads queue up.
class CpuSampler {
 public:
  // `use_proc` false: libvirt's calls alone, as on a remote host.
  CpuSampler(std::shared_ptr<Connection> connection, uint32_t cpu_count, bool use_proc);
  CpuColumns Sample();

 private:
  enum class Source : uint8_t { kNone = 0, kSchedstat = 1, kLibvirt = 2 };
  // What virDomainGetVcpus told of a domain.
  struct VcpuAnswer {
    uint64_t at;
    std::vector<virVcpuInfo> infos;
    std::vector<uint8_t> maps;  // one after the other
  };
  struct DomainReader {
    std::string key;                       // one run of one domain
    std::unique_ptr<VcpuThreads> threads;  // null: not to be had here
    DomainHandle handle;                   // for libvirt's calls; opened when first needed
    int max_vcpus = 0;
    std::optional<VcpuAnswer> answer;  // of this sample, where libvirt was asked
  };

  void ReplaceReaders();
  void AskWhereNoThreads();
  std::optional<VcpuAnswer> AskLibvirt(int id, DomainReader& reader) const;
  Source ReadDomain(const ActiveDomain& domain, DomainReader& reader, CpuColumns& columns);
  bool ReadThreads(DomainReader& reader, CpuColumns& columns);
  void AddAnswer(const DomainReader& reader, const VcpuAnswer& answer, CpuColumns& columns);
  void AddVcpu(const DomainReader& reader, uint32_t vcpu, const CounterReading& reading, int32_t pcpu,
               CpuColumns& columns);
  void ReadPcpus(CpuColumns& columns);

  const std::shared_ptr<Connection> connection_;
  const uint32_t cpu_count_;
  const bool use_proc_;
  std::mutex mutex_;
  DomainTable table_;
  std::unordered_map<std::string, DomainReader> readers_;  // by key
  std::vector<DomainReader*> rows_;                        // by row of the table
  CounterBook book_;
  uint64_t last_sample_ns_ = 0;
  std::vector<PcpuTimes> last_pcpus_;
};

}  // namespace ballast
