#include "virt/cpu_sampler.h"

#include <limits>

#include "kernel/clock.h"
#include "kernel/cpu_bitmap.h"
#include "kernel/fd.h"
#include "kernel/in_parallel.h"
#include "kernel/proc_text.h"
#include "virt/virt_error.h"

namespace ballast {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr char kProc[] = "/proc";
// libvirtd serves five calls of a connection at a time (max_client_requests): one is left for other callers.
constexpr size_t kCallsAtOnce = 4;

std::string KeyOf(const ActiveDomain& domain) { return domain.uuid + "#" + std::to_string(domain.id); }

}  // namespace

CpuSampler::CpuSampler(std::shared_ptr<Connection> connection, uint32_t cpu_count, bool use_proc)
    : connection_(std::move(connection)),
      cpu_count_(cpu_count),
      use_proc_(use_proc && connection_->IsLocal()) {}

CpuColumns CpuSampler::Sample() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (table_.Update(connection_->ListActive())) ReplaceReaders();

  const uint64_t now = MonotonicNs();
  CpuColumns columns;
  columns.generation = table_.generation();
  columns.domains = table_.rows();
  columns.time = NsToMs(now);
  columns.interval = last_sample_ns_ == 0 ? kUnknown : NsToMs(now - last_sample_ns_);
  columns.affinity_words = static_cast<uint32_t>(BitmapWords(cpu_count_));
  last_sample_ns_ = now;

  AskWhereNoThreads();
  for (size_t row = 0; row < table_.rows().size(); ++row) {
    const ActiveDomain& domain = table_.rows()[row];
    columns.vcpu_start.push_back(static_cast<uint32_t>(columns.vcpu.size()));
    columns.state.push_back(static_cast<uint8_t>(domain.state));
    columns.source.push_back(static_cast<uint8_t>(ReadDomain(domain, *rows_[row], columns)));
  }
  columns.vcpu_start.push_back(static_cast<uint32_t>(columns.vcpu.size()));
  book_.EndSample();
  ReadPcpus(columns);
  return columns;
}

void CpuSampler::ReplaceReaders() {
  std::unordered_map<std::string, DomainReader> readers;
  std::vector<QemuIdentity> unknown;
  for (const ActiveDomain& domain : table_.rows()) {
    const std::string key = KeyOf(domain);
    const auto known = readers_.find(key);
    DomainReader& reader = readers[key];
    if (known != readers_.end()) reader = std::move(known->second);
    reader.key = key;
    if (use_proc_ && !reader.threads) unknown.push_back({domain.uuid, domain.name});
  }
  const auto processes = FindQemuProcesses(kProc, unknown);
  rows_.clear();
  for (const ActiveDomain& domain : table_.rows()) {
    DomainReader& reader = readers[KeyOf(domain)];
    const auto process = processes.find(domain.uuid);
    if (process != processes.end()) reader.threads = std::make_unique<VcpuThreads>(kProc, process->second);
    rows_.push_back(&reader);
  }
  readers_ = std::move(readers);  // moving a map leaves its elements where they are
}

// A call is mostly waiting, for libvirtd or for the network: several are made side by side.
void CpuSampler::AskWhereNoThreads() {
  std::vector<size_t> rows;
  for (size_t row = 0; row < rows_.size(); ++row) {
    if (!rows_[row]->threads) rows.push_back(row);
  }
  InParallel(rows.size(), kCallsAtOnce, [&](size_t i) {
    const size_t row = rows[i];
    rows_[row]->answer = AskLibvirt(table_.rows()[row].id, *rows_[row]);
  });
}

CpuSampler::Source CpuSampler::ReadDomain(const ActiveDomain& domain, DomainReader& reader,
                                          CpuColumns& columns) {
  if (reader.threads) {
    if (ReadThreads(reader, columns)) return Source::kSchedstat;
    reader.answer = AskLibvirt(domain.id, reader);
  }
  if (!reader.answer) return Source::kNone;  // it ended since it was listed
  AddAnswer(reader, *reader.answer, columns);
  reader.answer.reset();
  return Source::kLibvirt;
}

bool CpuSampler::ReadThreads(DomainReader& reader, CpuColumns& columns) {
  std::vector<VcpuThreadReading> readings;
  if (!reader.threads->Read(readings, columns.affinity, columns.affinity_words)) return false;
  for (const VcpuThreadReading& reading : readings) {
    AddVcpu(reader, reading.vcpu, reading.counters, reading.last_cpu, columns);
  }
  return true;
}

std::optional<CpuSampler::VcpuAnswer> CpuSampler::AskLibvirt(int id, DomainReader& reader) const {
  if (!reader.handle) {
    reader.handle.reset(virDomainLookupByID(connection_->get(), id));
    if (!reader.handle) return std::nullopt;
    reader.max_vcpus = virDomainGetMaxVcpus(reader.handle.get());
  }
  if (reader.max_vcpus <= 0) return std::nullopt;
  const size_t max = static_cast<size_t>(reader.max_vcpus);
  const size_t map_bytes = CpumapBytes(cpu_count_);
  VcpuAnswer answer{MonotonicNs(), std::vector<virVcpuInfo>(max), std::vector<uint8_t>(max * map_bytes)};
  const int count = virDomainGetVcpus(reader.handle.get(), answer.infos.data(), reader.max_vcpus,
                                      answer.maps.data(), static_cast<int>(map_bytes));
  if (count < 0) return std::nullopt;
  answer.infos.resize(static_cast<size_t>(count));
  return answer;
}

void CpuSampler::AddAnswer(const DomainReader& reader, const VcpuAnswer& answer, CpuColumns& columns) {
  const size_t map_bytes = CpumapBytes(cpu_count_);
  for (size_t i = 0; i < answer.infos.size(); ++i) {
    const virVcpuInfo& info = answer.infos[i];
    CounterReading reading;
    reading.at = answer.at;
    reading.run = info.cpuTime;
    columns.affinity.resize(columns.affinity.size() + columns.affinity_words);
    DecodeCpumap(&answer.maps[i * map_bytes], map_bytes,
                 columns.affinity.data() + columns.affinity.size() - columns.affinity_words,
                 columns.affinity_words);
    AddVcpu(reader, info.number, reading, info.cpu, columns);
  }
}

void CpuSampler::AddVcpu(const DomainReader& reader, uint32_t vcpu, const CounterReading& reading,
                         int32_t pcpu, CpuColumns& columns) {
  const CpuRates rates = book_.Record(reader.key, vcpu, reading);
  columns.vcpu.push_back(vcpu);
  columns.usage.push_back(rates.usage);
  columns.delay.push_back(rates.delay);
  columns.pcpu.push_back(pcpu < 0 ? -1 : pcpu);
}

void CpuSampler::ReadPcpus(CpuColumns& columns) {
  std::vector<PcpuTimes> pcpus(cpu_count_);
  std::vector<PcpuTimes> times;
  if (use_proc_) times = ParsePcpuTimes(ReadFile(std::string(kProc) + "/stat"));
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
