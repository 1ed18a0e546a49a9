#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "os/cpuset.h"
#include "os/proc_text.h"
#include "os/vcpu_threads.h"
#include "util/counter_rates.h"
#include "virt/connection.h"
#include "virt/domain_list.h"
#include "virt/domain_table.h"
#include "virt/vcpu_reader.h"

namespace ballast {

// The columns of lib/host/sample.ts' CpuSample.
struct CpuColumns {
  uint32_t generation = 0;
  std::shared_ptr<const std::vector<ActiveDomain>> domains;  // as they were when the set changed last
  double list_age = 0;                                       // milliseconds, see DomainList::Listing
  double time = 0;
  double interval = 0;
  std::vector<uint8_t> state;
  std::vector<uint8_t> source;
  std::vector<uint32_t> vcpu_start;
  std::vector<uint32_t> vcpu;
  std::vector<double> usage;
  std::vector<double> delay;
  std::vector<double> throttled;
  std::vector<int32_t> pcpu;
  uint32_t affinity_words = 0;
  std::vector<uint32_t> affinity;
  std::vector<double> pcpu_busy;
  std::vector<uint32_t> online;  // bitmap of the host's online pCPUs; empty: not known
  std::vector<uint32_t>
      cpuset;  // `affinity_words` for each domain: where its cgroup lets it run; zero: not known
};

// The CPU sampler of one connection's active domains. It asks no monitor. Where the host is this machine, the
// counters come from the vCPU threads' own files, and the domains from a DomainList; otherwise one bulk call
// lists the domains and their states, and the counters come from virDomainGetVcpus. One sample at a time;
// callers from several threads queue up.
class CpuSampler {
 public:
  // `use_proc` false: libvirt's calls alone, as on a remote host. `proc` is "/proc", and something else in
  // tests.
  CpuSampler(std::shared_ptr<Connection> connection, uint32_t cpu_count, bool use_proc,
             std::string proc = "/proc");
  CpuColumns Sample();
  // Reports that some vCPU was pinned, by us or by another program, or could not be: the next sample reads
  // all affinities and cpusets again. From any thread; does not block.
  void InvalidateAffinity() { affinity_stale_ = true; }
  // What the connection's events say; all from any thread, and none blocks.
  void FollowEvents();
  void InvalidateDomains();
  void LoseConnection();
  // Affinity maps are so wide from the next sample on. From any thread; does not block.
  void SetCpuCount(uint32_t cpu_count) { next_cpu_count_ = cpu_count; }

 private:
  enum class Source : uint8_t { kNone = 0, kSchedstat = 1, kLibvirt = 2, kThreadOfAll = 4 };
  struct DomainReader {
    uint64_t number = 0;                                       // of the run of the domain, for its rates
    std::string run;                                           // see ActiveDomain
    std::unique_ptr<VcpuThreads> threads;                      // null: not to be had here
    std::unique_ptr<VcpuReader> libvirt;                       // made when first needed
    std::shared_ptr<const std::vector<ActiveDomain>> read_in;  // the listing in which `threads` was read last
    std::unique_ptr<Cpuset> cpuset;                            // null: not to be had here
    std::vector<uint32_t> cpuset_words;                        // as last read
  };

  // Takes over who runs; gives how old that is, in nanoseconds.
  uint64_t UpdateDomains();
  void Resize();
  void ReplaceReaders(const std::vector<ActiveDomain>& domains);
  // `asks_libvirt` false: its daemon does not answer at present.
  Source ReadDomain(const ActiveDomain& domain, DomainReader& reader, bool refresh_affinity,
                    bool asks_libvirt, CpuColumns& columns);
  // To be called once all affinities are in `columns`: when one has changed, any cpuset may have.
  void ReadCpusets(bool refresh, CpuColumns& columns);
  void ReadPcpus(CpuColumns& columns);

  const std::shared_ptr<Connection> connection_;
  uint32_t cpu_count_;
  std::atomic<uint32_t> next_cpu_count_;
  const bool use_proc_;
  const std::string proc_;
  std::mutex mutex_;
  const std::shared_ptr<DomainList> list_;                   // null: libvirt is asked for each sample anyway
  std::shared_ptr<const std::vector<ActiveDomain>> listed_;  // what `table_` has, as it was listed
  DomainTable table_;
  std::shared_ptr<const std::vector<ActiveDomain>> identities_;  // the table's rows, with their runs
  uint32_t identities_generation_ = 0;
  std::unordered_map<std::string, DomainReader> readers_;  // by key
  std::vector<DomainReader*> rows_;                        // by row of the table
  CounterRates rates_;
  uint64_t last_number_ = 0;
  std::vector<VcpuReading> readings_;  // of one domain, kept for its memory
  uint64_t last_sample_ns_ = 0;
  uint64_t samples_ = 0;
  std::vector<PcpuTimes> last_pcpus_;
  std::vector<uint32_t> last_affinity_;      // of all vCPUs in the sample before
  std::atomic<bool> affinity_stale_{false};  // since the last sample
};

}  // namespace ballast
