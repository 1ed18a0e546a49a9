#include "util/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <system_error>
#include <thread>

#include "check.h"
#include "latch.h"
#include "no_more_threads.h"

namespace ballast {
namespace {

using test::Latch;

TEST("thread pool: every job runs once") {
  const auto pool = std::make_shared<ThreadPool>(4);
  Latch done;
  std::atomic<size_t> sum{0};
  for (size_t i = 1; i <= 1'000; ++i) {
    pool->Run([&, i] {
      sum += i;
      done.Count();
    });
  }
  done.Await(1'000);
  CHECK_EQ(sum.load(), 500'500u);
}

TEST("thread pool: a job that hangs holds nobody up") {
  const auto pool = std::make_shared<ThreadPool>(4);
  Latch hanging, release, released, others;
  for (int i = 0; i < 3; ++i) {
    pool->Run([&] {
      hanging.Count();
      release.Await(1);
      released.Count();
    });
  }
  hanging.Await(3);
  for (int i = 0; i < 100; ++i) pool->Run([&] { others.Count(); });
  others.Await(100);
  CHECK_EQ(released.count(), 0u);
  release.Count();
  released.Await(3);
}

TEST("thread pool: never more threads than its bound, and jobs beyond it wait") {
  constexpr size_t kBound = 3;
  const auto pool = std::make_shared<ThreadPool>(kBound);
  Latch running, release, done;
  std::atomic<size_t> at_once{0}, most{0};
  for (int i = 0; i < 20; ++i) {
    pool->Run([&] {
      const size_t now = ++at_once;
      for (size_t seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
      }
      running.Count();
      release.Await(1);
      --at_once;
      done.Count();
    });
  }
  running.Await(kBound);
  CHECK_EQ(done.count(), 0u);
  release.Count();
  done.Await(20);
  CHECK_EQ(most.load(), kBound);
}

TEST("thread pool: all that the bound allows run at once") {
  const auto pool = std::make_shared<ThreadPool>(8);
  Latch met, done;
  for (int i = 0; i < 8; ++i) {
    pool->Run([&] {
      met.Count();
      met.Await(8);  // each waits for all
      done.Count();
    });
  }
  done.Await(8);
}

TEST("thread pool: who asks for the next job at the report of the last adds no thread") {
  const auto pool = std::make_shared<ThreadPool>(64);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  for (int i = 0; i < 2'000; ++i) {
    Latch done;
    pool->Run(
        [&] {
          const std::lock_guard<std::mutex> lock(mutex);
          threads.insert(std::this_thread::get_id());
        },
        [&] { done.Count(); });
    done.Await(1);
  }
  CHECK_EQ(threads.size(), 1u);
}

TEST("thread pool: a report is made once, after its job") {
  const auto pool = std::make_shared<ThreadPool>(4);
  Latch reported;
  std::atomic<size_t> early{0};
  for (int i = 0; i < 200; ++i) {
    const auto ran = std::make_shared<std::atomic<bool>>(false);
    pool->Run([ran] { *ran = true; },
              [&, ran] {
                if (!*ran) ++early;
                reported.Count();
              });
  }
  reported.Await(200);
  CHECK_EQ(reported.count(), 200u);
  CHECK_EQ(early.load(), 0u);
}

TEST("thread pool: what a job owned goes when it has run") {
  const auto pool = std::make_shared<ThreadPool>(1);
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = owned;
  Latch done;
  pool->Run([owned = std::move(owned)] {});
  pool->Run([&] { done.Count(); });
  done.Await(1);
  CHECK(watch.expired());
}

TEST("thread pool: what a job owned may ask for another job as it goes") {
  const auto pool = std::make_shared<ThreadPool>(2);
  Latch done;
  pool->Run([last = std::shared_ptr<void>(nullptr, [&](void*) { pool->Run([&] { done.Count(); }); })] {});
  done.Await(1);
}

TEST("thread pool: of two jobs for one idle thread, neither waits for the other") {
  // Many times, since whether it is idle by then is up to the machine.
  for (size_t turn = 0; turn < 50; ++turn) {
    const auto pool = std::make_shared<ThreadPool>(64);
    Latch warm, second, first;
    pool->Run([&] { warm.Count(); });
    warm.Await(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(turn % 3));
    pool->Run([&] {
      second.Await(1);
      first.Count();
    });
    pool->Run([&] { second.Count(); });
    first.Await(1);
  }
}

TEST("thread pool: lives on in its threads when nobody else holds it") {
  Latch started, release, done;
  auto pool = std::make_shared<ThreadPool>(1);
  pool->Run([&] {
    started.Count();
    release.Await(1);
  });
  pool->Run([&] { done.Count(); });
  started.Await(1);
  pool.reset();
  release.Count();
  done.Await(1);
}

TEST("thread pool: jobs from many threads, and from jobs") {
  const auto pool = std::make_shared<ThreadPool>(8);
  Latch done;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int i = 0; i < 250; ++i) {
        pool->Run([&] { pool->Run([&] { done.Count(); }); });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  done.Await(1'000);
}

TEST("thread pool: where no thread may be added, those that there are do the jobs") {
  const auto pool = std::make_shared<ThreadPool>(4);
  Latch started, release, done;
  pool->Run([&] {
    started.Count();
    release.Await(1);
  });
  started.Await(1);
  const test::NoMoreThreads limit;
  for (int i = 0; i < 10; ++i) pool->Run([&] { done.Count(); });
  release.Count();
  done.Await(10);
}

TEST("thread pool: without any thread it says so, and lets the job go") {
  const test::NoMoreThreads limit;
  const auto pool = std::make_shared<ThreadPool>(4);
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = owned;
  bool refused = false;
  try {
    pool->Run([owned = std::move(owned)] {});
  } catch (const std::system_error&) {
    refused = true;
  }
  CHECK(refused);
  CHECK(watch.expired());
}

}  // namespace
}  // namespace ballast
