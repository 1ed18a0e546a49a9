#include "util/counter_rates.h"

#include <limits>

namespace ballast {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// libvirt counts CPU time in steps of 10 ms, at both ends of the interval, and a reading is a little later
// than its clock: no true difference exceeds the elapsed time by more than this.
constexpr uint64_t kCounterSlack = 30'000'000;

double Fraction(uint64_t before, uint64_t now, uint64_t elapsed) {
  if (now < before || now - before > elapsed + elapsed / 8 + kCounterSlack) return kUnknown;
  return static_cast<double>(now - before) / static_cast<double>(elapsed);
}

}  // namespace

CpuRates RatesBetween(const CounterReading& before, const CounterReading& now) {
  CpuRates rates{kUnknown, kUnknown, kUnknown};
  if (now.at <= before.at || now.thread != before.thread) return rates;
  const uint64_t elapsed = now.at - before.at;
  rates.usage = Fraction(before.run, now.run, elapsed);
  // A counter that went backwards was reset, and its companion with it.
  if (now.run >= before.run && before.delay && now.delay) {
    rates.delay = Fraction(*before.delay, *now.delay, elapsed);
  }
  if (before.throttled && now.throttled) {
    rates.throttled = Fraction(*before.throttled, *now.throttled, elapsed);
  }
  return rates;
}

CpuRates CounterRates::Record(uint64_t run, uint32_t vcpu, const CounterReading& reading) {
  auto [place, is_new] = entries_.try_emplace(Key{run, vcpu}, Entry{reading, sample_});
  if (is_new) return {kUnknown, kUnknown, kUnknown};
  const CpuRates rates = RatesBetween(place->second.reading, reading);
  place->second = Entry{reading, sample_};
  return rates;
}

void CounterRates::EndSample() {
  for (auto it = entries_.begin(); it != entries_.end();) {
    it = it->second.sample == sample_ ? std::next(it) : entries_.erase(it);
  }
  ++sample_;
}

}  // namespace ballast
