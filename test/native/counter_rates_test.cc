#include "util/counter_rates.h"

#include <cmath>
#include <random>

#include "check.h"

namespace ballast {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kSecond = 1'000 * kMs;
// Runs of domains.
constexpr uint64_t kRun = 1;
constexpr uint64_t kNextRun = 2;
constexpr uint64_t kStays = 3;
constexpr uint64_t kGoes = 4;
constexpr uint64_t kBeyondDouble = uint64_t{1} << 53;

CounterReading At(uint64_t at, uint64_t run, uint64_t delay) {
  CounterReading reading;
  reading.at = at;
  reading.run = run;
  reading.delay = delay;
  reading.thread = 100;
  return reading;
}

void CheckUnknown(const CpuRates& rates) {
  CHECK(std::isnan(rates.usage));
  CHECK(std::isnan(rates.delay));
}

void CheckRates(const CpuRates& rates, double usage, double delay) {
  CHECK_EQ(rates.usage, usage);
  CHECK_EQ(rates.delay, delay);
}

TEST("rates: differences over the measured interval, not the nominal one") {
  CheckRates(RatesBetween(At(5 * kSecond, 100, 200), At(7 * kSecond, 100 + kSecond, 200 + kSecond / 2)), 0.5,
             0.25);
  CheckRates(RatesBetween(At(0, 0, 0), At(1'250 * kMs, 250 * kMs, 125 * kMs)), 0.2, 0.1);
  CheckRates(RatesBetween(At(0, 9, 9), At(kSecond, 9, 9)), 0, 0);
}

TEST("rates: what quotas held back is known where both readings know it") {
  CounterReading before = At(0, 0, 0);
  CounterReading now = At(kSecond, kSecond / 4, kSecond / 2);
  CHECK(std::isnan(RatesBetween(before, now).throttled));
  now.throttled = kSecond / 2;
  CHECK(std::isnan(RatesBetween(before, now).throttled));
  before.throttled = kSecond / 4;
  CHECK_EQ(RatesBetween(before, now).throttled, 0.25);
}

TEST("rates: exact beyond the 53 bits of a double") {
  // As doubles both counters of each pair are the same number.
  CheckRates(RatesBetween(At(0, kBeyondDouble, kBeyondDouble), At(1, kBeyondDouble + 1, kBeyondDouble + 1)),
             1, 1);
  const uint64_t high = UINT64_MAX - kSecond;
  CheckRates(RatesBetween(At(kBeyondDouble, high, high + 1),
                          At(kBeyondDouble + kSecond, high + 1, high + 1 + kSecond / 4)),
             1e-9, 0.25);
}

TEST("rates: a clock that stands still or goes back is unknown") {
  CheckUnknown(RatesBetween(At(kSecond, 0, 0), At(kSecond, 0, 0)));
  CheckUnknown(RatesBetween(At(kSecond, 0, 0), At(kSecond, 10, 10)));
  CheckUnknown(RatesBetween(At(kSecond, 0, 0), At(kSecond - 1, 10, 10)));
}

TEST("rates: usage that goes backwards takes the delay with it") {
  CheckUnknown(RatesBetween(At(0, 1'000, 1'000), At(kSecond, 999, 2'000)));
  CheckUnknown(RatesBetween(At(0, UINT64_MAX, 0), At(kSecond, 0, 0)));
}

TEST("rates: a delay that goes backwards is unknown by itself") {
  const CpuRates rates = RatesBetween(At(0, 0, 1'000), At(kSecond, kSecond / 2, 999));
  CHECK_EQ(rates.usage, 0.5);
  CHECK(std::isnan(rates.delay));
}

TEST("rates: a jump beyond the elapsed time is unknown") {
  CheckUnknown(RatesBetween(At(0, 0, 0), At(kSecond, 2 * kSecond, 2 * kSecond)));
  CheckUnknown(RatesBetween(At(0, 0, 0), At(1, kSecond, kSecond)));
  CheckUnknown(RatesBetween(At(0, 0, 0), At(kSecond, UINT64_MAX, UINT64_MAX)));
  const CpuRates rates = RatesBetween(At(0, 0, 0), At(kSecond, kSecond, 2 * kSecond));
  CHECK_EQ(rates.usage, 1);
  CHECK(std::isnan(rates.delay));
}

TEST("rates: libvirt's steps of 10 ms at both ends are no jump") {
  CHECK_EQ(RatesBetween(At(0, 0, 0), At(kSecond, kSecond + 20 * kMs, 0)).usage, 1.02);
  CHECK_EQ(RatesBetween(At(0, 0, 0), At(10 * kMs, 20 * kMs, 0)).usage, 2);
}

TEST("rates: another thread is another counter") {
  CounterReading later = At(kSecond, kSecond / 2, kSecond / 4);
  later.thread = 101;
  CheckUnknown(RatesBetween(At(0, 0, 0), later));
  later.thread = 0;  // from a source that does not name threads
  CheckUnknown(RatesBetween(At(0, 0, 0), later));
}

TEST("rates: a source that knows no delay leaves usage known") {
  CounterReading without = At(0, 0, 0);
  without.delay.reset();
  CounterReading later = At(kSecond, kSecond / 2, 7);
  const CpuRates appeared = RatesBetween(without, later);
  CHECK_EQ(appeared.usage, 0.5);
  CHECK(std::isnan(appeared.delay));
  later.delay.reset();
  const CpuRates vanished = RatesBetween(At(0, 0, 7), later);
  CHECK_EQ(vanished.usage, 0.5);
  CHECK(std::isnan(vanished.delay));
}

TEST("rates: random counters never give a wrong number") {
  std::mt19937_64 random(11);
  // Counters of every size, and pairs that are close as well as far.
  const auto any = [&random] { return random() >> random() % 64; };
  for (int turn = 0; turn < 200'000; ++turn) {
    const CounterReading before = At(any(), any(), any());
    CounterReading now = At(before.at + any(), before.run + any(), before.delay.value() + any());
    if (random() % 4 == 0) now = At(any(), any(), any());
    const CpuRates rates = RatesBetween(before, now);
    const double elapsed = static_cast<double>(now.at - before.at);
    const double most = 1.126 + 30e6 / elapsed;
    CHECK(std::isnan(rates.usage) || (rates.usage >= 0 && rates.usage <= most));
    CHECK(std::isnan(rates.delay) || (rates.delay >= 0 && rates.delay <= most));
    if (now.at <= before.at || now.run < before.run) CheckUnknown(rates);
  }
}

TEST("counter rates: a new domain is unknown once, then known") {
  CounterRates counters;
  CheckUnknown(counters.Record(kRun, 0, At(0, 500, 500)));
  counters.EndSample();
  CheckRates(counters.Record(kRun, 0, At(kSecond, 500 + kSecond / 4, 500)), 0.25, 0);
  counters.EndSample();
  CheckRates(counters.Record(kRun, 0, At(2 * kSecond, 500 + kSecond, 500 + kSecond / 8)), 0.75, 0.125);
}

TEST("counter rates: a restarted domain starts anew, even with larger counters") {
  CounterRates counters;
  counters.Record(kRun, 0, At(0, 100, 0));
  counters.EndSample();
  CheckUnknown(counters.Record(kNextRun, 0, At(kSecond, 200, 0)));
  counters.EndSample();
  CHECK_EQ(counters.size(), 1u);
}

TEST("counter rates: a domain that vanished is forgotten, and unknown when it is back") {
  CounterRates counters;
  for (uint64_t sample = 0; sample < 2; ++sample) {
    counters.Record(kStays, 0, At(sample * kSecond, 0, 0));
    counters.Record(kGoes, 0, At(sample * kSecond, 0, 0));
    counters.EndSample();
  }
  CHECK_EQ(counters.size(), 2u);
  CheckRates(counters.Record(kStays, 0, At(2 * kSecond, 0, 0)), 0, 0);
  counters.EndSample();
  CHECK_EQ(counters.size(), 1u);
  // One interval would be taken for two.
  CheckUnknown(counters.Record(kGoes, 0, At(3 * kSecond, kSecond, 0)));
  CheckRates(counters.Record(kStays, 0, At(3 * kSecond, 0, 0)), 0, 0);
}

TEST("counter rates: a hot-plugged vCPU is unknown and its siblings are not") {
  CounterRates counters;
  counters.Record(kRun, 0, At(0, 0, 0));
  counters.EndSample();
  CheckRates(counters.Record(kRun, 0, At(kSecond, kSecond / 2, 0)), 0.5, 0);
  CheckUnknown(counters.Record(kRun, 1, At(kSecond, kSecond / 2, 0)));
  counters.EndSample();
  CheckRates(counters.Record(kRun, 0, At(2 * kSecond, kSecond, 0)), 0.5, 0);
  CheckRates(counters.Record(kRun, 1, At(2 * kSecond, kSecond, 0)), 0.5, 0);
}

TEST("counter rates: after a counter went backwards it counts on from there") {
  CounterRates counters;
  counters.Record(kRun, 0, At(0, 1'000, 1'000));
  counters.EndSample();
  CheckUnknown(counters.Record(kRun, 0, At(kSecond, 10, 10)));
  counters.EndSample();
  CheckRates(counters.Record(kRun, 0, At(2 * kSecond, 10 + kSecond / 2, 10)), 0.5, 0);
}

TEST("counter rates: domains and vCPUs do not mix") {
  CounterRates counters;
  constexpr uint32_t kDomains = 500, kVcpus = 20;
  const auto run = [](uint64_t second, uint32_t domain, uint32_t vcpu) {
    return second * (domain * kVcpus + vcpu) * 100'000;
  };
  for (uint64_t second = 0; second < 3; ++second) {
    for (uint32_t domain = 0; domain < kDomains; ++domain) {
      for (uint32_t vcpu = 0; vcpu < kVcpus; ++vcpu) {
        const CpuRates rates =
            counters.Record(domain, vcpu, At(second * kSecond, run(second, domain, vcpu), 0));
        if (second == 0) {
          CheckUnknown(rates);
        } else {
          CHECK_EQ(rates.usage, static_cast<double>(run(1, domain, vcpu)) / kSecond);
        }
      }
    }
    counters.EndSample();
    CHECK_EQ(counters.size(), size_t{kDomains} * kVcpus);
  }
}

}  // namespace
}  // namespace ballast
