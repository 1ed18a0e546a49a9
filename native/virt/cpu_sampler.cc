#include "virt/cpu_sampler.h"

#include <libvirt/virterror.h>

#include <algorithm>
#include <limits>

#include "os/fd.h"
#include "os/proc_text.h"
#include "os/process_run.h"
#include "util/clock.h"
#include "util/cpu_bitmap.h"
#include "virt/error.h"

namespace ballast {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr char kCgroups[] = "/sys/fs/cgroup";
// Samples between two readings of an affinity that no event has announced as changed: pins by libvirt have
// events, but not changes by taskset or cpusets, nor pins in drivers without that event. The same of a cpuset
// while no affinity within it has changed.
constexpr uint64_t kAffinityRound = 8;

std::string KeyOf(const ActiveDomain& domain) { return domain.uuid + "#" + std::to_string(domain.id); }

std::shared_ptr<DomainList> NewDomainList(std::shared_ptr<Connection> connection) {
  return std::make_shared<DomainList>(
      [connection = std::move(connection)] { return connection->ListActive(); });
}

}  // namespace

CpuSampler::CpuSampler(std::shared_ptr<Connection> connection, uint32_t cpu_count, bool use_proc,
                       std::string proc)
    : connection_(std::move(connection)),
      cpu_count_(cpu_count),
      next_cpu_count_(cpu_count),
      use_proc_(use_proc && connection_->IsLocal()),
      proc_(std::move(proc)),
      list_(use_proc_ ? NewDomainList(connection_) : nullptr) {}

CpuColumns CpuSampler::Sample() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (next_cpu_count_ != cpu_count_) Resize();
  const uint64_t list_age = UpdateDomains();

  const uint64_t now = MonotonicNs();
  CpuColumns columns;
  columns.generation = table_.generation();
  columns.domains = identities_;
  columns.list_age = NsToMs(list_age);
  columns.time = NsToMs(now);
  columns.interval = last_sample_ns_ == 0 ? kUnknown : NsToMs(now - last_sample_ns_);
  columns.affinity_words = static_cast<uint32_t>(BitmapWords(cpu_count_));
  last_sample_ns_ = now;

  const bool affinity_stale = affinity_stale_.exchange(false);
  for (size_t row = 0; row < table_.rows().size(); ++row) {
    const ActiveDomain& domain = table_.rows()[row];
    columns.vcpu_start.push_back(static_cast<uint32_t>(columns.vcpu.size()));
    columns.state.push_back(static_cast<uint8_t>(domain.state));
    const bool refresh_affinity = affinity_stale || (samples_ + row) % kAffinityRound == 0;
    columns.source.push_back(
        static_cast<uint8_t>(ReadDomain(domain, *rows_[row], refresh_affinity, list_age == 0, columns)));
  }
  ReadCpusets(affinity_stale, columns);
  ++samples_;
  columns.vcpu_start.push_back(static_cast<uint32_t>(columns.vcpu.size()));
  rates_.EndSample();
  ReadPcpus(columns);
  // After the affinities: one that the kernel has narrowed must not be held against a set of before.
  columns.online = connection_->ReadOnline(cpu_count_);
  return columns;
}

void CpuSampler::FollowEvents() {
  if (list_) list_->FollowEvents();
}

void CpuSampler::InvalidateDomains() {
  if (list_) list_->Invalidate();
}

void CpuSampler::LoseConnection() {
  if (!list_) return;
  VirtError error;
  // As libvirt has it of a connection that its keepalive gives up.
  error.code = VIR_ERR_INTERNAL_ERROR;
  error.domain = VIR_FROM_RPC;
  error.level = VIR_ERR_ERROR;
  error.message = "the connection is lost";
  list_->Lose(std::move(error));
}

// Either takes the newest listing over or, where there is no memory for it, throws and is as before.
uint64_t CpuSampler::UpdateDomains() {
  DomainList::Listing listing;
  if (list_) {
    listing = list_->Get();
  } else {
    listing = {std::make_shared<const std::vector<ActiveDomain>>(connection_->ListActive()), 0};
  }
  if (listing.domains != listed_) {
    std::vector<ActiveDomain> rows = *listing.domains;
    if (!table_.HasSet(rows)) ReplaceReaders(rows);
    table_.Update(std::move(rows));
    listed_ = listing.domains;
  }
  if (identities_generation_ != table_.generation()) {
    auto identities = std::make_shared<std::vector<ActiveDomain>>(table_.rows());
    for (size_t row = 0; row < rows_.size(); ++row) (*identities)[row].run = rows_[row]->run;
    identities_ = std::move(identities);
    identities_generation_ = table_.generation();
  }
  return listing.age;
}

void CpuSampler::Resize() {
  cpu_count_ = next_cpu_count_;
  for (auto& [key, reader] : readers_) {
    reader.libvirt.reset();
    reader.cpuset_words.clear();
  }
}

// Either replaces all readers or, where there is no memory for them, throws and changes nothing.
void CpuSampler::ReplaceReaders(const std::vector<ActiveDomain>& domains) {
  std::unordered_map<std::string, DomainReader> readers;
  std::vector<DomainReader*> rows;
  std::vector<QemuIdentity> unknown;
  for (const ActiveDomain& domain : domains) {
    const std::string key = KeyOf(domain);
    DomainReader& reader = readers[key];
    rows.push_back(&reader);
    const auto known = readers_.find(key);
    reader.number = known != readers_.end() ? known->second.number : ++last_number_;
    const bool has_threads = known != readers_.end() && known->second.threads;
    if (use_proc_ && !has_threads) unknown.push_back({domain.uuid, domain.name});
  }
  const auto processes = FindQemuProcesses(proc_, unknown);
  for (size_t row = 0; row < domains.size(); ++row) {
    const auto process = processes.find(domains[row].uuid);
    if (process == processes.end()) continue;
    rows[row]->threads = std::make_unique<VcpuThreads>(proc_, process->second);
    rows[row]->run = RunOfProcess(proc_, process->second);
    rows[row]->cpuset = std::make_unique<Cpuset>(proc_, kCgroups, process->second);
  }

  // Nothing from here on needs memory.
  for (auto& [key, reader] : readers) {
    const auto known = readers_.find(key);
    if (known == readers_.end()) continue;
    if (!reader.threads) {
      reader.threads = std::move(known->second.threads);
      reader.read_in = std::move(known->second.read_in);
      reader.cpuset = std::move(known->second.cpuset);
      reader.cpuset_words = std::move(known->second.cpuset_words);
    }
    // A run that was once found stays what it is, whatever process is found later.
    if (!known->second.run.empty()) reader.run = std::move(known->second.run);
    reader.libvirt = std::move(known->second.libvirt);
  }
  readers_ = std::move(readers);  // moving a map leaves its elements where they are
  rows_ = std::move(rows);
}

CpuSampler::Source CpuSampler::ReadDomain(const ActiveDomain& domain, DomainReader& reader,
                                          bool refresh_affinity, bool asks_libvirt, CpuColumns& columns) {
  readings_.clear();
  Source source = Source::kSchedstat;
  if (reader.threads && reader.threads->Read(readings_, columns.affinity, columns.affinity_words)) {
    reader.libvirt.reset();  // its affinity would be out of date when it is needed again
    reader.read_in = listed_;
  } else if (reader.threads && reader.threads->has_thread_of_all()) {
    return Source::kThreadOfAll;
  } else {
    // Most likely it has ended, and the event is on its way. libvirt is asked about it when it is listed
    // again: while it is being destroyed each call on it waits.
    if (list_) list_->Invalidate();
    if (!asks_libvirt || (listed_ && reader.read_in == listed_)) return Source::kNone;
    source = Source::kLibvirt;
    if (!reader.libvirt) reader.libvirt = std::make_unique<VcpuReader>(connection_, domain.id, cpu_count_);
    if (!reader.libvirt->Read(refresh_affinity, readings_, columns.affinity, columns.affinity_words)) {
      // Or it ended since it was listed.
      return reader.libvirt->has_thread_of_all() ? Source::kThreadOfAll : Source::kNone;
    }
  }
  for (const VcpuReading& reading : readings_) {
    const CpuRates rates = rates_.Record(reader.number, reading.vcpu, reading.counters);
    columns.vcpu.push_back(reading.vcpu);
    columns.usage.push_back(rates.usage);
    columns.delay.push_back(rates.delay);
    columns.throttled.push_back(rates.throttled);
    columns.pcpu.push_back(reading.last_cpu);
  }
  return source;
}

void CpuSampler::ReadCpusets(bool refresh, CpuColumns& columns) {
  // A group that is narrowed or widened moves some of its vCPUs, and seldom all of them.
  refresh |= columns.affinity != last_affinity_;
  last_affinity_ = columns.affinity;
  columns.cpuset.resize(rows_.size() * columns.affinity_words);
  for (size_t row = 0; row < rows_.size(); ++row) {
    DomainReader& reader = *rows_[row];
    if (!reader.cpuset) continue;
    if (refresh || reader.cpuset_words.empty() || (samples_ + row) % kAffinityRound == 0) {
      reader.cpuset_words.resize(columns.affinity_words);
      reader.cpuset->Read(reader.cpuset_words.data(), reader.cpuset_words.size());
    }
    std::copy(reader.cpuset_words.begin(), reader.cpuset_words.end(),
              columns.cpuset.begin() + static_cast<std::ptrdiff_t>(row * columns.affinity_words));
  }
}

void CpuSampler::ReadPcpus(CpuColumns& columns) {
  std::vector<PcpuTimes> pcpus(cpu_count_);
  std::vector<PcpuTimes> times;
  if (use_proc_) times = ParsePcpuTimes(ReadFile(proc_ + "/stat"));
  for (uint32_t cpu = 0; cpu < cpu_count_; ++cpu) {
    if (!use_proc_) {
      connection_->ReadNodeCpu(static_cast<int>(cpu), pcpus[cpu].busy, pcpus[cpu].idle);
    } else if (cpu < times.size()) {
      pcpus[cpu] = times[cpu];
    }
  }
  columns.pcpu_busy.assign(cpu_count_, kUnknown);
  for (size_t cpu = 0; cpu < last_pcpus_.size(); ++cpu) {
    columns.pcpu_busy[cpu] = BusyBetween(last_pcpus_[cpu], pcpus[cpu]);
  }
  last_pcpus_ = std::move(pcpus);
}

}  // namespace ballast
