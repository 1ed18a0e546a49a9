#include "virt/domain_list.h"

#include <libvirt/virterror.h>

#include <atomic>
#include <future>
#include <thread>

#include "check.h"
#include "latch.h"

namespace ballast {
namespace {

using std::chrono::milliseconds;
using test::Latch;

constexpr milliseconds kLong{60'000};

ActiveDomain Domain(int id) { return {"uuid", "name", id, VIR_DOMAIN_RUNNING, {}}; }

// What a daemon answers, and how often it was asked.
struct Daemon {
  std::atomic<int> asked{0};
  std::function<void()> before = [] {};  // may block, and throw

  std::shared_ptr<DomainList> NewList(milliseconds patience) {
    return std::make_shared<DomainList>(
        [this] {
          const int id = ++asked;
          before();
          return std::vector<ActiveDomain>{Domain(id)};
        },
        patience);
  }
};

int IdOf(const DomainList::Listing& listing) { return listing.domains->at(0).id; }

int CodeOfFailure(DomainList& list) {
  try {
    list.Get();
  } catch (const VirtFailure& failure) {
    return failure.error.code;
  }
  return 0;
}

VirtError Lost() {
  VirtError error;
  error.code = VIR_ERR_INTERNAL_ERROR;
  return error;
}

TEST("domain list: asks each time where there are no events") {
  static Daemon daemon;
  const auto list = daemon.NewList(kLong);
  for (int i = 1; i <= 3; ++i) CHECK_EQ(IdOf(list->Get()), i);
}

TEST("domain list: is kept until an event comes, and checked now and then") {
  static Daemon daemon;
  const auto list = daemon.NewList(kLong);
  list->FollowEvents();
  const auto first = list->Get();
  CHECK_EQ(first.age, 0u);
  for (uint64_t i = 2; i < DomainList::kCheckInterval; ++i) CHECK(list->Get().domains == first.domains);
  CHECK_EQ(daemon.asked, 1);
  CHECK_EQ(IdOf(list->Get()), 2);
  CHECK_EQ(IdOf(list->Get()), 2);
  list->Invalidate();
  CHECK_EQ(IdOf(list->Get()), 3);
  CHECK_EQ(IdOf(list->Get()), 3);
}

TEST("domain list: an event while it is asked for has it asked for again") {
  static Daemon daemon;
  const auto list = daemon.NewList(kLong);
  list->FollowEvents();
  daemon.before = [&] {
    if (daemon.asked == 1) list->Invalidate();
  };
  CHECK_EQ(IdOf(list->Get()), 1);
  CHECK_EQ(IdOf(list->Get()), 2);
  CHECK_EQ(IdOf(list->Get()), 2);
}

TEST("domain list: one that is late is handed out with its age, and not waited for again") {
  static Daemon daemon;
  static Latch answers;  // a thread may still be in it at the end
  daemon.before = [&] {
    if (daemon.asked == 2) answers.Await(1);
  };
  const auto list = daemon.NewList(milliseconds(20));
  list->FollowEvents();
  list->Get();
  list->Invalidate();
  const auto late = list->Get();
  CHECK_EQ(IdOf(late), 1);
  CHECK(late.age >= 20'000'000);
  for (int i = 0; i < 100; ++i) {
    const auto later = list->Get();
    CHECK_EQ(IdOf(later), 1);
    CHECK(later.age > late.age);
  }
  CHECK_EQ(daemon.asked, 2);
  answers.Count();
  // What came late may be old itself: it is asked for once more.
  DomainList::Listing listing{};
  do listing = list->Get();
  while (listing.age > 0);
  CHECK_EQ(IdOf(listing), 3);
  CHECK_EQ(daemon.asked, 3);
}

TEST("domain list: a failure is told once, and then it is asked for again") {
  static Daemon daemon;
  daemon.before = [&] {
    VirtError error;
    error.code = VIR_ERR_RPC;
    if (daemon.asked == 2) throw VirtFailure{error};
  };
  const auto list = daemon.NewList(kLong);
  list->FollowEvents();
  CHECK_EQ(IdOf(list->Get()), 1);
  list->Invalidate();
  CHECK_EQ(CodeOfFailure(*list), VIR_ERR_RPC);
  CHECK_EQ(IdOf(list->Get()), 3);
}

TEST("domain list: a lost connection ends what waits for an answer, and every listing after it") {
  static Latch answers;  // a thread may still be in it at the end
  static Daemon daemon;
  daemon.before = [&] { answers.Await(1); };
  const auto list = daemon.NewList(kLong);
  // The first one: there is nothing to hand out instead.
  std::thread([list] { list->Lose(Lost()); }).join();
  CHECK_EQ(CodeOfFailure(*list), VIR_ERR_INTERNAL_ERROR);

  const auto waits = daemon.NewList(kLong);
  auto code = std::async(std::launch::async, [waits] { return CodeOfFailure(*waits); });
  while (daemon.asked == 0) std::this_thread::yield();
  waits->Lose(Lost());
  CHECK_EQ(code.get(), VIR_ERR_INTERNAL_ERROR);
  answers.Count();
}

TEST("domain list: one that is late fails once the connection is lost") {
  static Latch answers;  // a thread may still be in it at the end
  static Daemon daemon;
  daemon.before = [&] {
    if (daemon.asked == 2) answers.Await(1);
  };
  const auto list = daemon.NewList(milliseconds(1));
  list->FollowEvents();
  list->Get();
  list->Invalidate();
  CHECK(list->Get().age > 0);
  list->Lose(Lost());
  CHECK_EQ(CodeOfFailure(*list), VIR_ERR_INTERNAL_ERROR);
  answers.Count();
  CHECK_EQ(CodeOfFailure(*list), VIR_ERR_INTERNAL_ERROR);
}

}  // namespace
}  // namespace ballast
