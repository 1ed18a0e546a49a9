#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "os/fd.h"
#include "virt/connection.h"
#include "virt/domain_table.h"

namespace ballast {

// Columns of lib/host/sample.ts' MemorySample, in its order and units: bytes, but for the two last.
enum class MemoryColumn : size_t {
  kMaximum,
  kActual,
  kAvailable,
  kUnused,
  kUsable,
  kDiskCaches,
  kSwapIn,
  kSwapOut,
  kRss,
  kMajorFaults,  // count
  kLastUpdate,   // milliseconds since the epoch
  kCount,
};
constexpr size_t kMemoryColumns = static_cast<size_t>(MemoryColumn::kCount);

enum class MemoryStatus : uint8_t { kFresh = 0, kStuck = 1, kGone = 2, kFailed = 3 };

struct MemoryReading {
  MemoryReading() { values.fill(std::numeric_limits<double>::quiet_NaN()); }
  double& operator[](MemoryColumn column) { return values[static_cast<size_t>(column)]; }
  MemoryStatus status = MemoryStatus::kStuck;
  std::array<double, kMemoryColumns> values;
};

struct MemoryColumns {
  uint32_t generation = 0;
  std::vector<ActiveDomain> domains;
  double time = 0;
  std::vector<uint8_t> state;
  std::vector<MemoryReading> readings;  // a row for each domain
  NodeMemory node;
};

// Reads every guest's memory statistics. That asks QEMU's monitor, which takes milliseconds per guest and
// for ever from a stuck one; so a few threads share the guests, each over a connection of its own, and each
// guest has its own deadline. A guest that overruns it is reported stuck. Its call cannot be taken back:
// the thread is written off and replaced, and that guest is not asked again before the call has returned
// (which, when QEMU wakes up, it does at once), nor before a pause that grows with every failure.
class MemorySampler : public std::enable_shared_from_this<MemorySampler> {
 public:
  MemorySampler(std::shared_ptr<Connection> connection, std::chrono::milliseconds guest_deadline);
  // Blocks for as long as the slowest guest takes, at most its deadline. One sample at a time.
  MemoryColumns Sample();
  // Lets the threads end when a sample under way is finished. Calls that hang keep theirs until they return.
  void Close();

 private:
  using Clock = std::chrono::steady_clock;
  struct Guest {
    explicit Guest(int domain_id) : id(domain_id) {}
    const int id;
    bool asked = false;      // in the sample that is being taken
    bool in_flight = false;  // a call for it runs or is queued
    bool overdue = false;    // that call was given up
    Clock::time_point started{};
    Clock::time_point next_try{};
    std::chrono::milliseconds pause{0};
    MemoryReading reading;  // of its last finished call
  };
  using GuestPtr = std::shared_ptr<Guest>;

  std::vector<GuestPtr> UpdateGuests();
  void QueueDueGuests(const std::vector<GuestPtr>& guests);
  void AwaitAnswers(const std::vector<GuestPtr>& guests);
  void AddWorkers();
  void Work();
  void Finish(Guest& guest, const MemoryReading& reading);
  void Postpone(Guest& guest);

  const std::shared_ptr<Connection> connection_;
  const std::chrono::milliseconds guest_deadline_;
  const Fd pressure_;  // of a local host whose kernel measures it
  std::mutex sample_mutex_;
  DomainTable table_;
  std::unordered_map<std::string, GuestPtr> guests_;  // by UUID and id

  std::mutex mutex_;  // for all below, and for what a Guest holds
  std::condition_variable work_to_do_;
  std::condition_variable answer_came_;
  std::deque<GuestPtr> queue_;
  size_t workers_ = 0;
  size_t workers_overdue_ = 0;
  bool closing_ = false;
};

}  // namespace ballast
