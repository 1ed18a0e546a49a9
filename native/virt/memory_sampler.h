#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "os/fd.h"
#include "os/huge_pages.h"
#include "virt/connection.h"
#include "virt/domain_table.h"
#include "virt/memory_reading.h"

namespace ballast {

struct MemoryColumns {
  uint32_t generation = 0;
  std::vector<ActiveDomain> domains;
  double time = 0;
  std::vector<uint8_t> state;
  std::vector<MemoryReading> readings;  // a row for each domain
  NodeMemory node;
  std::optional<std::vector<HugePagePool>> huge_pages;        // only the local kernel tells
  double zfs_arc = std::numeric_limits<double>::quiet_NaN();  // bytes
};

// The reader of all guests' memory statistics. A reading asks QEMU's monitor, which takes milliseconds per
// guest, and indefinitely for a stuck one; so a few threads share the guests, each over a connection of its
// own, and each guest has its own deadline. A guest that exceeds it is reported stuck. Its call cannot be
// cancelled: the thread is replaced, and the guest is not asked again before the call has returned. After a
// call that was late or failed, the guest is not asked during a pause that doubles each time; meanwhile its
// status stays stuck or failed.
class MemorySampler : public std::enable_shared_from_this<MemorySampler> {
 public:
  MemorySampler(std::shared_ptr<Connection> connection, std::chrono::milliseconds guest_deadline);
  // Blocks for as long as the slowest guest takes, at most its deadline. One sample at a time.
  MemoryColumns Sample();
  // Ends the threads after the sample under way. A thread whose call hangs ends when the call returns.
  void Close();

 private:
  using Clock = std::chrono::steady_clock;
  struct Guest {
    explicit Guest(int domain_id) : id(domain_id) {}
    const int id;
    std::string run;         // see ActiveDomain
    Fd process;              // its QEMU's /proc/PID/status
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
  MemoryStatus StatusNow(const Guest& guest) const;
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
