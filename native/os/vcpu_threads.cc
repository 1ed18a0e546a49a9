#include "os/vcpu_threads.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "os/proc_text.h"
#include "util/clock.h"
#include "util/cpu_bitmap.h"

namespace ballast {
namespace {

// The numeric names in a directory: processes in /proc, threads in /proc/PID/task.
std::vector<pid_t> NumbersIn(const std::string& directory) {
  std::vector<pid_t> numbers;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(directory.c_str()), closedir);
  if (!dir) return numbers;
  while (const dirent* entry = readdir(dir.get())) {
    char* end = nullptr;
    const long number = strtol(entry->d_name, &end, 10);
    if (end != entry->d_name && *end == '\0') numbers.push_back(static_cast<pid_t>(number));
  }
  return numbers;
}

// The kernel's affinity of a thread; false when the thread is gone. By the system call: it tells how much of
// the mask it has written, and the function of libc clears the rest of it each time.
bool ReadAffinity(pid_t tid, uint32_t* words, size_t word_count) {
  constexpr size_t kMostCpus = 8192;  // what any kernel supports; a smaller mask is an error to it
  unsigned long mask[kMostCpus / 8 / sizeof(unsigned long)];
  const long bytes = syscall(SYS_sched_getaffinity, tid, sizeof mask, mask);
  if (bytes < 0) return false;
  DecodeCpumap(reinterpret_cast<const uint8_t*>(mask), static_cast<size_t>(bytes), words, word_count);
  return true;
}

// Whether a thread has neither run nor waited between two readings, and so is where it was.
bool IsAtRest(const CounterReading& before, const CounterReading& now) {
  return now.run == before.run && now.delay == before.delay;
}

}  // namespace

VcpuThreads::VcpuThreads(std::string proc, pid_t pid, std::string cgroups)
    : tasks_(std::move(proc) + "/" + std::to_string(pid) + "/task"),
      cgroups_(std::move(cgroups)),
      reads_(static_cast<uint64_t>(pid) % kListingInterval) {}

bool VcpuThreads::Refresh() {
  // The link count of the task directory is the number of threads: one call tells that most likely nothing
  // changed. Not for certain: a vCPU's thread may come as another ends, or get its name after we looked.
  struct stat status {};
  if (stat(tasks_.c_str(), &status) != 0) return false;
  const bool listing_due = ++reads_ % kListingInterval == 0;
  if (status.st_nlink == thread_count_ && !listing_due) return true;
  thread_count_ = status.st_nlink;

  std::vector<Thread> found;
  bool has_thread_of_all = false;
  for (const pid_t tid : NumbersIn(tasks_)) {
    const auto known =
        std::find_if(threads_.begin(), threads_.end(), [tid](const Thread& t) { return t.tid == tid; });
    if (known != threads_.end()) {
      found.push_back(std::move(*known));
      threads_.erase(known);
      // It may have been given a quota, or a group of its own, since.
      if (!found.back().throttling.is_known()) found.back().throttling = Throttling(tasks_, cgroups_, tid);
      continue;
    }
    const std::string base = tasks_ + "/" + std::to_string(tid);
    const std::string name = ReadFile(base + "/comm");
    has_thread_of_all |= IsThreadOfAllVcpus(name);
    const auto vcpu = ParseVcpuThreadName(name);
    if (!vcpu) continue;
    Fd schedstat = Fd::OpenForReading(base + "/schedstat");
    if (!schedstat.is_open()) continue;
    found.push_back(Thread{*vcpu, tid, std::move(schedstat), Throttling(tasks_, cgroups_, tid), Fd(), {}});
  }
  std::sort(found.begin(), found.end(), [](const Thread& a, const Thread& b) { return a.vcpu < b.vcpu; });
  threads_ = std::move(found);
  has_thread_of_all_ = has_thread_of_all;
  return true;
}

bool VcpuThreads::Read(std::vector<VcpuReading>& readings, std::vector<uint32_t>& affinity,
                       size_t word_count) {
  const size_t readings_before = readings.size();
  const size_t affinity_before = affinity.size();
  const auto undo = [&] {
    readings.resize(readings_before);
    affinity.resize(affinity_before);
  };
  if (Refresh() && ReadOnce(readings, affinity, word_count)) return true;
  undo();
  // A thread may have gone between looking and reading, while another came, perhaps by its number: look
  // afresh, once.
  threads_.clear();
  thread_count_ = 0;
  if (Refresh() && ReadOnce(readings, affinity, word_count)) return true;
  undo();
  return false;
}

bool VcpuThreads::ReadOnce(std::vector<VcpuReading>& readings, std::vector<uint32_t>& affinity,
                           size_t word_count) {
  for (Thread& thread : threads_) {
    VcpuReading reading{};
    reading.vcpu = thread.vcpu;
    reading.counters.at = MonotonicNs();
    char text[1024];  // more than a line of either file has
    const auto times = ParseSchedstat(thread.schedstat.ReadFront(text));
    if (!times) return false;
    reading.counters.run = times->run;
    reading.counters.delay = times->delay;
    reading.counters.throttled = thread.throttling.Read();
    reading.counters.thread = static_cast<uint64_t>(thread.tid);

    affinity.resize(affinity.size() + word_count);
    uint32_t* words = affinity.data() + affinity.size() - word_count;
    if (!ReadAffinity(thread.tid, words, word_count)) return false;
    if (CountCpus(words, word_count) == 1) {
      reading.last_cpu = FirstCpu(words, word_count);
    } else if (thread.place && IsAtRest(thread.place->counters, reading.counters)) {
      reading.last_cpu = thread.place->last_cpu;
    } else {
      if (!thread.stat.is_open())
        thread.stat = Fd::OpenForReading(tasks_ + "/" + std::to_string(thread.tid) + "/stat");
      reading.last_cpu = ParseLastCpu(thread.stat.ReadFront(text)).value_or(-1);
      // Read after the counters: a thread that began to run in between has others the next time.
      thread.place = reading;
    }
    readings.push_back(reading);
  }
  return !threads_.empty();
}

std::unordered_map<std::string, pid_t> FindQemuProcesses(const std::string& proc,
                                                         const std::vector<QemuIdentity>& domains) {
  std::unordered_map<std::string, pid_t> processes;
  std::vector<std::string> ambiguous;
  if (domains.empty()) return processes;
  std::unordered_map<std::string_view, const QemuIdentity*> wanted;
  for (const QemuIdentity& domain : domains) wanted.emplace(domain.uuid, &domain);

  for (const pid_t pid : NumbersIn(proc)) {
    const std::string cmdline = ReadFile(proc + "/" + std::to_string(pid) + "/cmdline");
    const auto command = ParseQemuCommand(cmdline);
    if (!command) continue;
    const auto domain = wanted.find(command->uuid);
    if (domain == wanted.end() || !NamesGuest(command->name, domain->second->name)) continue;
    if (!processes.emplace(domain->second->uuid, pid).second) ambiguous.push_back(domain->second->uuid);
  }
  for (const std::string& uuid : ambiguous) processes.erase(uuid);
  return processes;
}

}  // namespace ballast
