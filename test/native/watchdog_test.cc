#include "util/watchdog.h"

#include <algorithm>
#include <system_error>
#include <thread>

#include "check.h"
#include "latch.h"
#include "no_more_threads.h"

namespace ballast {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::Latch;

TEST("watchdog: runs its action once, not before the limit") {
  Latch hung;
  const auto begun = steady_clock::now();
  steady_clock::time_point ran_at;
  {
    Watchdog watchdog(milliseconds(40), [&] {
      ran_at = steady_clock::now();
      hung.Count();
    });
    hung.Await(1);
    watchdog.Ping();
  }
  CHECK(ran_at - begun >= milliseconds(40));
  CHECK_EQ(hung.count(), 1u);
}

TEST("watchdog: what is pinged runs nothing, and what then is not does") {
  constexpr milliseconds kLimit{200};
  Latch hung;
  Watchdog watchdog(kLimit, [&] { hung.Count(); });
  const auto until = steady_clock::now() + 2 * kLimit;
  steady_clock::duration longest{};
  for (auto now = steady_clock::now(), last = now; now < until; now = steady_clock::now()) {
    watchdog.Ping();
    longest = std::max(longest, now - last);
    last = now;
    std::this_thread::sleep_for(milliseconds(2));
  }
  // On a machine so busy that this thread did not run for as long, it was right.
  CHECK(hung.count() == 0 || longest >= kLimit / 2);
  hung.Await(1);
}

TEST("watchdog: one that is destroyed ends at once and runs nothing") {
  Latch hung;
  for (int turn = 0; turn < 20; ++turn) {
    const Watchdog watchdog(hours(1), [&] { hung.Count(); });
    std::this_thread::sleep_for(milliseconds(turn % 3));
  }
  CHECK_EQ(hung.count(), 0u);
}

TEST("watchdog: without a thread it says so") {
  const test::NoMoreThreads limit;
  bool refused = false;
  try {
    const Watchdog watchdog(hours(1), [] {});
  } catch (const std::system_error&) {
    refused = true;
  }
  CHECK(refused);
}

}  // namespace
}  // namespace ballast
