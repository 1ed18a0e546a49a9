#include "virt/memory_sampler.h"

#include <algorithm>
#include <system_error>
#include <thread>

#include "os/proc_text.h"
#include "os/process_run.h"
#include "os/vcpu_threads.h"
#include "util/clock.h"
#include "virt/error.h"

namespace ballast {
namespace {

constexpr char kProc[] = "/proc";
constexpr char kSys[] = "/sys";
constexpr char kArcstats[] = "/proc/spl/kstat/zfs/arcstats";  // only where the ZFS module is loaded
constexpr size_t kWorkers = 4;  // more connections gain nothing: libvirtd is the bottleneck then
// Including those that hang on stuck guests. Each uses one of the threads that libvirtd has for all clients
// (max_workers, 20): with none left, no client could list or destroy a guest.
constexpr size_t kMostWorkers = 10;
constexpr std::chrono::milliseconds kFirstPause{1'000};
constexpr std::chrono::milliseconds kLongestPause{30'000};

}  // namespace

MemorySampler::MemorySampler(std::shared_ptr<Connection> connection, std::chrono::milliseconds guest_deadline)
    : connection_(std::move(connection)),
      guest_deadline_(guest_deadline),
      pressure_(connection_->IsLocal() ? Fd::OpenForReading("/proc/pressure/memory") : Fd()) {}

MemoryColumns MemorySampler::Sample() {
  const std::lock_guard<std::mutex> lock(sample_mutex_);
  table_.Update(connection_->ListActive());
  const std::vector<GuestPtr> guests = UpdateGuests();
  QueueDueGuests(guests);

  MemoryColumns columns;
  columns.generation = table_.generation();
  columns.domains = table_.rows();
  columns.readings.resize(guests.size());
  for (size_t row = 0; row < guests.size(); ++row) {
    columns.domains[row].run = guests[row]->run;
    columns.state.push_back(static_cast<uint8_t>(table_.rows()[row].state));
    ReadLevels(*connection_, table_.rows()[row], columns.readings[row]);
    ReadProcess(guests[row]->process, columns.readings[row]);
  }
  columns.node = connection_->ReadNodeMemory();
  if (pressure_.is_open()) {
    char buffer[512];
    columns.node.pressure = ParsePressure(pressure_.ReadFront(buffer)).value_or(columns.node.pressure);
  }
  if (connection_->IsLocal()) {
    columns.huge_pages = ReadHugePagePools(kSys);
    if (const auto arc = ParseReclaimableArc(ReadFile(kArcstats)))
      columns.zfs_arc = static_cast<double>(*arc);
  }
  AwaitAnswers(guests);
  columns.time = NsToMs(MonotonicNs());

  const std::lock_guard<std::mutex> guests_lock(mutex_);
  for (size_t row = 0; row < guests.size(); ++row) {
    MemoryReading& out = columns.readings[row];
    out.status = StatusNow(*guests[row]);
    if (out.status != MemoryStatus::kFresh) continue;
    for (size_t i = 0; i < kMemoryColumns; ++i) {
      const double value = guests[row]->reading.values[i];
      if (value == value) out.values[i] = value;  // NaN is what the guest did not tell
    }
  }
  return columns;
}

MemoryStatus MemorySampler::StatusNow(const Guest& guest) const {
  if (guest.in_flight) return MemoryStatus::kStuck;
  if (guest.asked) return guest.reading.status;
  // Not asked in this sample. During the pause after a failure, that failure is what is known.
  return guest.reading.status == MemoryStatus::kFailed ? MemoryStatus::kFailed : MemoryStatus::kStuck;
}

std::vector<MemorySampler::GuestPtr> MemorySampler::UpdateGuests() {
  std::unordered_map<std::string, GuestPtr> present;
  std::vector<GuestPtr> rows;
  std::vector<QemuIdentity> unknown;
  for (const ActiveDomain& domain : table_.rows()) {
    const std::string key = domain.uuid + "#" + std::to_string(domain.id);
    const auto known = guests_.find(key);
    GuestPtr guest = known != guests_.end() ? known->second : std::make_shared<Guest>(domain.id);
    if (known == guests_.end() && connection_->IsLocal()) unknown.push_back({domain.uuid, domain.name});
    present.emplace(key, guest);
    rows.push_back(std::move(guest));
  }
  const auto processes = FindQemuProcesses(kProc, unknown);
  for (size_t row = 0; row < rows.size(); ++row) {
    const auto process = processes.find(table_.rows()[row].uuid);
    if (process == processes.end()) continue;
    rows[row]->run = RunOfProcess(kProc, process->second);
    rows[row]->process =
        Fd::OpenForReading(std::string(kProc) + "/" + std::to_string(process->second) + "/status");
  }
  guests_ = std::move(present);
  return rows;
}

void MemorySampler::QueueDueGuests(const std::vector<GuestPtr>& guests) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const GuestPtr& guest : guests) {
    guest->asked = !guest->in_flight && Clock::now() >= guest->next_try;
    if (!guest->asked) continue;
    guest->in_flight = true;
    guest->overdue = false;
    guest->started = Clock::time_point{};
    queue_.push_back(guest);
  }
  AddWorkers();
  work_to_do_.notify_all();
}

void MemorySampler::AwaitAnswers(const std::vector<GuestPtr>& guests) {
  std::unique_lock<std::mutex> lock(mutex_);
  std::vector<GuestPtr> asked;
  std::copy_if(guests.begin(), guests.end(), std::back_inserter(asked),
               [](const GuestPtr& guest) { return guest->asked; });
  for (;;) {
    auto wake = Clock::now() + guest_deadline_;
    bool someone_works = false;
    for (const GuestPtr& guest : asked) {
      if (!guest->in_flight || guest->overdue || guest->started == Clock::time_point{}) continue;
      const auto deadline = guest->started + guest_deadline_;
      if (Clock::now() >= deadline) {
        guest->overdue = true;
        ++workers_overdue_;
        Postpone(*guest);
        continue;
      }
      someone_works = true;
      wake = std::min(wake, deadline);
    }
    AddWorkers();
    asked.erase(std::remove_if(asked.begin(), asked.end(),
                               [](const GuestPtr& guest) { return !guest->in_flight || guest->overdue; }),
                asked.end());
    if (asked.empty()) return;
    if (!someone_works && workers_ - workers_overdue_ == 0) {
      // All threads hang: the guests that are still queued are not asked in this sample.
      for (const GuestPtr& guest : asked) guest->asked = guest->in_flight = false;
      queue_.clear();
      return;
    }
    answer_came_.wait_until(lock, wake);
  }
}

void MemorySampler::AddWorkers() {
  const size_t wanted = std::min(kWorkers, queue_.size());
  while (workers_ - workers_overdue_ < wanted && workers_ < kMostWorkers) {
    try {
      std::thread([self = shared_from_this()] { self->Work(); }).detach();
    } catch (const std::system_error&) {
      return;  // the process may have no more threads: those that there are do the work
    }
    ++workers_;
  }
}

void MemorySampler::Work() {
  std::shared_ptr<Connection> connection;
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    work_to_do_.wait(
        lock, [this] { return closing_ || !queue_.empty() || workers_ - workers_overdue_ > kWorkers; });
    if (queue_.empty()) break;  // a sample that was begun before Close is finished
    const GuestPtr guest = std::move(queue_.front());
    queue_.pop_front();
    guest->started = Clock::now();
    answer_came_.notify_all();  // its deadline runs from now on
    lock.unlock();

    MemoryReading reading;
    reading.status = MemoryStatus::kFailed;
    try {
      if (!connection || !connection->IsAlive()) {
        connection = Connection::Open(connection_->options());
      }
      reading = ReadStatistics(*connection, guest->id);
    } catch (const VirtFailure&) {
      connection.reset();  // the row says that it failed; a lost daemon shows in the next listing
    }

    lock.lock();
    Finish(*guest, reading);
    answer_came_.notify_all();
  }
  --workers_;
  lock.unlock();  // the connection closes without holding anybody up
}

void MemorySampler::Finish(Guest& guest, const MemoryReading& reading) {
  guest.in_flight = false;
  guest.reading = reading;
  if (guest.overdue) --workers_overdue_;
  if (reading.status == MemoryStatus::kStuck || reading.status == MemoryStatus::kFailed) {
    Postpone(guest);
  } else {
    guest.pause = std::chrono::milliseconds{0};
    guest.next_try = Clock::time_point{};
  }
}

void MemorySampler::Postpone(Guest& guest) {
  guest.pause = std::clamp(guest.pause * 2, kFirstPause, kLongestPause);
  guest.next_try = Clock::now() + guest.pause;
}

void MemorySampler::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closing_ = true;
  work_to_do_.notify_all();
}

}  // namespace ballast
