#include "virt/memory_sampler.h"

#include <libvirt/virterror.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "check.h"
#include "fake_libvirt.h"

namespace ballast {
namespace {

using std::chrono::milliseconds;
using test::FakeDomain;
using test::FakeLibvirt;

constexpr milliseconds kDeadline{50};
constexpr unsigned long long kOldKib = 512;
constexpr unsigned long long kNewKib = 1024;

// Answers with what the balloon has.
int Tell(unsigned long long kib, virDomainMemoryStatPtr stats) {
  stats[0].tag = VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON;
  stats[0].val = kib;
  return 1;
}

int Refuse() {
  FakeLibvirt::SetError(VIR_ERR_INTERNAL_ERROR, "on purpose");
  return -1;
}

std::vector<FakeDomain> Domains(int count) {
  std::vector<FakeDomain> domains;
  for (int id = 1; id <= count; ++id) domains.push_back({id, "guest" + std::to_string(id), 1, kNewKib});
  return domains;
}

// A sampler of domains that a test describes. What hangs is let go in the end.
struct Sampling {
  Sampling() : connection(Connection::Open({"qemu:///system"})) {
    sampler = std::make_shared<MemorySampler>(connection, kDeadline);
  }
  ~Sampling() { sampler->Close(); }
  const std::shared_ptr<Connection> connection;
  std::shared_ptr<MemorySampler> sampler;
};

MemoryStatus StatusOf(const MemoryColumns& columns, size_t row) { return columns.readings[row].status; }
double ActualOf(MemoryColumns& columns, size_t row) { return columns.readings[row][MemoryColumn::kActual]; }

TEST("memory sampler: what guests tell, and what libvirt knows of those that fail") {
  FakeLibvirt& libvirt = FakeLibvirt::Get();
  libvirt.SetDomains(Domains(3));
  libvirt.memory_stats = [](int id, virDomainMemoryStatPtr stats) {
    return id == 2 ? Refuse() : Tell(kOldKib, stats);
  };
  const Sampling sampling;
  MemoryColumns columns = sampling.sampler->Sample();
  CHECK(StatusOf(columns, 0) == MemoryStatus::kFresh);
  CHECK_EQ(ActualOf(columns, 0), kOldKib * 1024.0);
  CHECK(StatusOf(columns, 1) == MemoryStatus::kFailed);
  CHECK_EQ(ActualOf(columns, 1), kNewKib * 1024.0);
  CHECK(StatusOf(columns, 2) == MemoryStatus::kFresh);
}

TEST("memory sampler: a guest that no thread was left to ask is not fresh") {
  FakeLibvirt& libvirt = FakeLibvirt::Get();
  // More than the sampler has threads: the last one's turn does not come while all others hang.
  constexpr int kGuests = 11;
  libvirt.SetDomains(Domains(kGuests));
  std::mutex mutex;
  std::condition_variable changed;
  bool hang = false;
  std::atomic<int> last_asked{0};
  libvirt.memory_stats = [&](int id, virDomainMemoryStatPtr stats) {
    if (id == kGuests) {
      ++last_asked;
      return Tell(kOldKib, stats);
    }
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return !hang; });
    return Tell(kOldKib, stats);
  };
  const Sampling sampling;
  MemoryColumns before = sampling.sampler->Sample();
  for (size_t row = 0; row < kGuests; ++row) CHECK(StatusOf(before, row) == MemoryStatus::kFresh);
  CHECK_EQ(last_asked.load(), 1);
  {
    const std::lock_guard<std::mutex> lock(mutex);
    hang = true;
  }
  MemoryColumns stuck = sampling.sampler->Sample();
  CHECK_EQ(last_asked.load(), 1);
  for (size_t row = 0; row < kGuests; ++row) {
    CHECK(StatusOf(stuck, row) == MemoryStatus::kStuck);
    // What libvirt knows now, not what the guest told before.
    CHECK_EQ(ActualOf(stuck, row), kNewKib * 1024.0);
  }
  {
    const std::lock_guard<std::mutex> lock(mutex);
    hang = false;
  }
  changed.notify_all();
  // The calls that hung return, before what they use is gone.
  for (bool fresh = false; !fresh;) {
    std::this_thread::sleep_for(milliseconds(50));
    MemoryColumns columns = sampling.sampler->Sample();
    fresh = true;
    for (size_t row = 0; row < kGuests; ++row) fresh &= StatusOf(columns, row) == MemoryStatus::kFresh;
  }
}

TEST("memory sampler: a guest whose statistics fail is asked again after a pause, and failed meanwhile") {
  FakeLibvirt& libvirt = FakeLibvirt::Get();
  libvirt.SetDomains(Domains(1));
  std::atomic<int> asked{0};
  std::atomic<bool> works{false};
  libvirt.memory_stats = [&](int, virDomainMemoryStatPtr stats) {
    ++asked;
    return works ? Tell(kOldKib, stats) : Refuse();
  };
  const Sampling sampling;
  for (int turn = 0; turn < 5; ++turn) {
    MemoryColumns columns = sampling.sampler->Sample();
    CHECK(StatusOf(columns, 0) == MemoryStatus::kFailed);
  }
  CHECK_EQ(asked.load(), 1);
  works = true;
  const auto begun = std::chrono::steady_clock::now();
  while (StatusOf(sampling.sampler->Sample(), 0) != MemoryStatus::kFresh) {
    std::this_thread::sleep_for(milliseconds(20));
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(30));
  }
  CHECK_EQ(asked.load(), 2);
  // It works: no pause any more.
  CHECK(StatusOf(sampling.sampler->Sample(), 0) == MemoryStatus::kFresh);
  CHECK_EQ(asked.load(), 3);
}

}  // namespace
}  // namespace ballast
