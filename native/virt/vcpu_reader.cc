#include "virt/vcpu_reader.h"

#include <libvirt/virterror.h>

#include <algorithm>
#include <string>

#include "util/clock.h"
#include "util/cpu_bitmap.h"
#include "virt/error.h"

namespace ballast {

bool VcpuReader::Read(bool refresh_affinity, std::vector<VcpuReading>& readings,
                      std::vector<uint32_t>& affinity, size_t word_count) {
  uint64_t at = MonotonicNs();
  bool answered = Ask(refresh_affinity || mapped_.empty());
  if (answered && HasOtherVcpus()) {
    at = MonotonicNs();
    answered = Ask(true);
  }
  if (!answered) {
    mapped_.clear();
    return false;
  }
  const size_t map_bytes = CpumapBytes(cpu_count_);
  for (size_t i = 0; i < infos_.size(); ++i) {
    VcpuReading reading{};
    reading.vcpu = infos_[i].number;
    reading.counters.at = at;
    reading.counters.run = infos_[i].cpuTime;
    reading.last_cpu = std::max(infos_[i].cpu, -1);
    readings.push_back(reading);
    affinity.resize(affinity.size() + word_count);
    DecodeCpumap(&maps_[i * map_bytes], map_bytes, affinity.data() + affinity.size() - word_count,
                 word_count);
  }
  return true;
}

bool VcpuReader::Ask(bool refresh_affinity) {
  if (!domain_) {
    domain_.reset(virDomainLookupByID(connection_->get(), domain_id_));
    if (!domain_) return false;
    max_vcpus_ = virDomainGetMaxVcpus(domain_.get());
  }
  if (max_vcpus_ <= 0) return false;
  const size_t map_bytes = CpumapBytes(cpu_count_);
  infos_.resize(static_cast<size_t>(max_vcpus_));
  if (refresh_affinity) maps_.assign(infos_.size() * map_bytes, 0);
  const int count =
      virDomainGetVcpus(domain_.get(), infos_.data(), max_vcpus_, refresh_affinity ? maps_.data() : nullptr,
                        refresh_affinity ? static_cast<int>(map_bytes) : 0);
  has_thread_of_all_ = false;
  if (count < 0) {
    const VirtError error = TakeLastError("virDomainGetVcpus");
    // The same code as of a domain that does not run.
    has_thread_of_all_ = error.code == VIR_ERR_OPERATION_INVALID &&
                         error.message.find("affinity is not supported") != std::string::npos;
    return false;
  }
  infos_.resize(static_cast<size_t>(count));
  if (refresh_affinity) {
    mapped_.clear();
    for (const virVcpuInfo& info : infos_) mapped_.push_back(info.number);
  }
  return true;
}

bool VcpuReader::HasOtherVcpus() const {
  return !std::equal(infos_.begin(), infos_.end(), mapped_.begin(), mapped_.end(),
                     [](const virVcpuInfo& info, unsigned mapped) { return info.number == mapped; });
}

}  // namespace ballast
