#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

namespace ballast {

// What the counters of one vCPU said at one moment; all in nanoseconds.
struct CounterReading {
  uint64_t at = 0;                    // CLOCK_MONOTONIC
  uint64_t run = 0;                   // CPU time used since the thread began
  std::optional<uint64_t> delay;      // run-queue wait since then; not every source knows it
  std::optional<uint64_t> throttled;  // of it, held back by quotas
  // Which thread counted, 0 where the source does not say: another thread is another counter.
  uint64_t thread = 0;
};

// Fractions of the interval between two readings; NaN is unknown.
struct CpuRates {
  double usage;
  double delay;
  double throttled;
};

// The rates between two readings of one vCPU. Differences are taken on 64-bit integers, since counters
// outgrow a double's 53 bits. Whatever cannot be a true difference is unknown: another thread, a clock
// that stood still, a counter that went backwards or ahead of the clock.
CpuRates RatesBetween(const CounterReading& before, const CounterReading& now);

// The rates of all vCPUs from sample to sample, by the last reading of each. A vCPU that was not in the
// sample before (a new, restarted or hot-plugged one, or one that was away for a sample) starts as unknown.
class CounterRates {
 public:
  // Records a reading of this sample and gives the rates since the sample before. `run` stands for one run of
  // a domain: it must differ after a restart.
  CpuRates Record(uint64_t run, uint32_t vcpu, const CounterReading& reading);
  // Ends the sample: forgets every vCPU that was not recorded in it.
  void EndSample();
  size_t size() const { return entries_.size(); }

 private:
  struct Key {
    uint64_t run;
    uint32_t vcpu;
    bool operator==(const Key& other) const { return vcpu == other.vcpu && run == other.run; }
  };
  struct KeyHash {
    size_t operator()(const Key& key) const { return std::hash<uint64_t>()(key.run * 8'191 + key.vcpu); }
  };
  struct Entry {
    CounterReading reading;
    uint64_t sample;
  };
  std::unordered_map<Key, Entry, KeyHash> entries_;
  uint64_t sample_ = 1;
};

}  // namespace ballast
