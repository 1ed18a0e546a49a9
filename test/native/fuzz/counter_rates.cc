#include "util/counter_rates.h"

#include <cmath>
#include <set>
#include <utility>

#include "fuzz.h"

using namespace ballast;

namespace {

// 30 ms more than the time allows, and an eighth of it: see counter_rates.cc.
void CheckRate(double rate, const CounterReading& before, const CounterReading& now) {
  if (std::isnan(rate)) return;
  CHECK(now.at > before.at);
  CHECK_EQ(now.thread, before.thread);
  CHECK(now.run >= before.run);
  const auto elapsed = static_cast<double>(now.at - before.at);
  CHECK(rate >= 0 && rate * elapsed <= 1.126 * elapsed + 30e6);
}

}  // namespace

// Samples of three vCPUs; each reading is what was read before and a bit more, or anything.
FUZZ(input) {
  constexpr uint32_t kVcpus = 3;
  CounterRates counters;
  CounterReading last[kVcpus];
  std::set<uint32_t> seen_before;
  std::set<uint32_t> seen;
  while (!input.empty()) {
    const auto command = input.As<uint8_t>();
    if (command % 8 == 0) {
      counters.EndSample();
      CHECK_EQ(counters.size(), seen.size());
      seen_before = std::exchange(seen, {});
      continue;
    }
    const uint32_t vcpu = command % kVcpus;
    CounterReading now = last[vcpu];
    const bool anything = (command & 0x40) != 0;
    const auto step = [&] { return anything ? input.As<uint64_t>() : uint64_t{input.As<uint32_t>()}; };
    now.at += step();
    now.run += step();
    if (command & 0x80)
      now.delay = now.delay.value_or(0) + step();
    else
      now.delay.reset();
    now.thread = command >> 4 & 1;
    const CpuRates rates = counters.Record(1, vcpu, now);
    if (seen.count(vcpu) == 0 && seen_before.count(vcpu) == 0) CHECK(std::isnan(rates.usage));
    CheckRate(rates.usage, last[vcpu], now);
    CheckRate(rates.delay, last[vcpu], now);
    if (!now.delay) CHECK(std::isnan(rates.delay));
    last[vcpu] = now;
    seen.insert(vcpu);
  }
}
