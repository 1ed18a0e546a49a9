#include "kernel/in_parallel.h"

#include <atomic>
#include <vector>

#include "check.h"
#include "latch.h"
#include "no_more_threads.h"

namespace ballast {
namespace {

using test::Latch;

TEST("in parallel: every number once") {
  std::vector<std::atomic<int>> times(10'000);
  InParallel(times.size(), 8, [&](size_t i) { ++times[i]; });
  for (const std::atomic<int>& count : times) CHECK_EQ(count.load(), 1);
}

TEST("in parallel: nothing to do, and less to do than threads") {
  std::atomic<int> times{0};
  InParallel(0, 4, [&](size_t) { ++times; });
  CHECK_EQ(times.load(), 0);
  InParallel(2, 4, [&](size_t) { ++times; });
  CHECK_EQ(times.load(), 2);
}

TEST("in parallel: as many at once as there may be, and no more") {
  Latch met;
  std::atomic<size_t> at_once{0}, most{0};
  InParallel(40, 4, [&](size_t) {
    const size_t now = ++at_once;
    for (size_t seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
    }
    met.Count();
    met.Await(4);  // the first ones wait for one another
    --at_once;
  });
  CHECK_EQ(most.load(), 4u);
}

TEST("in parallel: where no thread may be added, the caller does it all") {
  const test::NoMoreThreads limit;
  std::atomic<int> times{0};
  InParallel(10, 4, [&](size_t) { ++times; });
  CHECK_EQ(times.load(), 10);
}

}  // namespace
}  // namespace ballast
