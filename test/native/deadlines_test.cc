#include "util/deadlines.h"

#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "check.h"
#include "latch.h"
#include "no_more_threads.h"

namespace ballast {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using test::Latch;

struct Running {
  std::shared_ptr<Deadlines> deadlines = std::make_shared<Deadlines>();
  ~Running() { deadlines->Stop(); }
  Deadlines* operator->() const { return deadlines.get(); }
};

TEST("deadlines: runs the action, not before its time") {
  Latch done;
  Running deadlines;
  const auto set_at = Deadlines::Clock::now();
  Deadlines::Clock::time_point ran_at;
  deadlines->Set(milliseconds(30), [&] {
    ran_at = Deadlines::Clock::now();
    done.Count();
  });
  done.Await(1);
  CHECK(ran_at - set_at >= milliseconds(30));
}

TEST("deadlines: the earlier goes first, however late it was set") {
  Latch done;
  std::mutex mutex;
  std::vector<int> order;
  Running deadlines;
  for (const int delay : {300, 100, 200}) {
    deadlines->Set(milliseconds(delay), [&, delay] {
      {
        const std::lock_guard<std::mutex> lock(mutex);
        order.push_back(delay);
      }
      done.Count();
    });
  }
  done.Await(3);
  CHECK(order == (std::vector<int>{100, 200, 300}));
}

TEST("deadlines: two for the same moment are two") {
  Latch done;
  Running deadlines;
  for (int i = 0; i < 1'000; ++i) deadlines->Set(milliseconds(5), [&] { done.Count(); });
  done.Await(1'000);
}

TEST("deadlines: what was cancelled does not run and is let go") {
  Latch cancelled, done;
  Running deadlines;
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = owned;
  const auto ticket = deadlines->Set(milliseconds(20), [&, owned = std::move(owned)] { cancelled.Count(); });
  deadlines->Cancel(ticket);
  CHECK(watch.expired());
  deadlines->Set(milliseconds(60), [&] { done.Count(); });
  done.Await(1);
  CHECK_EQ(cancelled.count(), 0u);
}

TEST("deadlines: cancelling one that has run, twice too, harms no other") {
  Latch first, second;
  Running deadlines;
  const auto ticket = deadlines->Set(milliseconds(1), [&] { first.Count(); });
  first.Await(1);
  deadlines->Set(milliseconds(20), [&] { second.Count(); });
  deadlines->Cancel(ticket);
  deadlines->Cancel(ticket);
  second.Await(1);
}

TEST("deadlines: an action may set another and cancel one") {
  Latch cancelled, done;
  Running deadlines;
  const auto doomed = deadlines->Set(milliseconds(50), [&] { cancelled.Count(); });
  deadlines->Set(milliseconds(1), [&] {
    deadlines->Cancel(doomed);
    deadlines->Set(milliseconds(80), [&] { done.Count(); });
  });
  done.Await(1);
  CHECK_EQ(cancelled.count(), 0u);
}

TEST("deadlines: Stop lets its thread and what it owns go") {
  Latch ran;
  // Many times, since its thread may be anywhere when Stop comes; mostly it waits.
  for (size_t turn = 1; turn <= 20; ++turn) {
    Latch begun;
    auto deadlines = std::make_shared<Deadlines>();
    const std::weak_ptr<Deadlines> watch = deadlines;
    deadlines->Set(hours(1), [&] { ran.Count(); });
    deadlines->Set(milliseconds(0), [&] { begun.Count(); });
    begun.Await(1);
    std::this_thread::sleep_for(milliseconds(turn % 3));
    deadlines->Stop();
    deadlines.reset();
    const auto limit = Deadlines::Clock::now() + std::chrono::seconds(60);
    while (!watch.expired()) {
      CHECK(Deadlines::Clock::now() < limit);
      std::this_thread::yield();
    }
  }
  CHECK_EQ(ran.count(), 0u);
}

TEST("deadlines: nothing runs that is set after Stop") {
  auto deadlines = std::make_shared<Deadlines>();
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = owned;
  deadlines->Stop();
  deadlines->Set(milliseconds(0), [owned = std::move(owned)] { CHECK(false); });
  deadlines.reset();
  CHECK(watch.expired());  // no thread holds it
}

TEST("deadlines: set and cancelled from many threads") {
  constexpr int kThreads = 4, kEach = 500;
  Latch ran, raced;
  Running deadlines;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kThreads; ++caller) {
    callers.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        deadlines->Set(milliseconds(i % 5), [&] { ran.Count(); });
        deadlines->Cancel(deadlines->Set(milliseconds(i % 3), [&] { raced.Count(); }));
        deadlines->Cancel(deadlines->Set(hours(1), [&] { CHECK(false); }));
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  ran.Await(kThreads * kEach);
}

TEST("deadlines: without a thread it says so, and keeps nothing") {
  const test::NoMoreThreads limit;
  const auto deadlines = std::make_shared<Deadlines>();
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = owned;
  bool refused = false;
  try {
    deadlines->Set(hours(1), [owned = std::move(owned)] {});
  } catch (const std::system_error&) {
    refused = true;
  }
  CHECK(refused);
  CHECK(watch.expired());
}

}  // namespace
}  // namespace ballast
