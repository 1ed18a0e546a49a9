#include "kernel/pcpu_times.h"

#include <cmath>

#include "check.h"

namespace ballast {
namespace {

TEST("pCPU busy: its part of the time between two readings") {
  CHECK_EQ(BusyBetween({100, 900}, {125, 975}), 0.25);
  CHECK_EQ(BusyBetween({100, 900}, {200, 900}), 1);
  CHECK_EQ(BusyBetween({100, 900}, {100, 1'000}), 0);
  // Beyond the 53 bits of a double.
  CHECK_EQ(BusyBetween({UINT64_MAX - 1, UINT64_MAX - 3}, {UINT64_MAX, UINT64_MAX}), 0.25);
}

TEST("pCPU busy: unknown when a counter stood still or went backwards") {
  CHECK(std::isnan(BusyBetween({100, 900}, {100, 900})));
  CHECK(std::isnan(BusyBetween({100, 900}, {99, 1'000})));
  CHECK(std::isnan(BusyBetween({100, 900}, {200, 899})));
}

TEST("pCPU busy: unknown when it was or went offline, never the mean since the host booted") {
  CHECK(std::isnan(BusyBetween({0, 0}, {5'000, 5'000})));
  CHECK(std::isnan(BusyBetween({5'000, 5'000}, {0, 0})));
  CHECK(std::isnan(BusyBetween({0, 0}, {0, 0})));
}

}  // namespace
}  // namespace ballast
