#pragma once

#include <sched.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "check.h"

namespace ballast::test {

// A tree of files like /proc, below TMPDIR.
class FakeProc {
 public:
  FakeProc() {
    const char* directory = getenv("TMPDIR");
    std::string pattern = std::string(directory ? directory : "/tmp") + "/fake-proc-XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~FakeProc() { std::filesystem::remove_all(path_); }

  std::string path() const { return path_; }

  void AddProcess(pid_t pid, const std::string& cmdline) {
    std::filesystem::create_directories(path_ / std::to_string(pid) / "task");
    Write(path_ / std::to_string(pid) / "cmdline", cmdline);
  }
  // Any other file, with the folders that it is in.
  void WriteFile(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((path_ / name).parent_path());
    Write(path_ / name, text);
  }
  // When the process started, and in which boot of the host.
  void SetRun(pid_t pid, const std::string& boot_id, uint64_t start) {
    std::string stat = " (qemu-system-x86) S";
    for (int field = 4; field < 22; ++field) stat += " 0";
    const std::string number = std::to_string(pid);
    WriteFile(number + "/stat", number + stat + " " + std::to_string(start) + " 0 0\n");
    WriteFile("sys/kernel/random/boot_id", boot_id + "\n");
  }
  void RemoveProcess(pid_t pid) { std::filesystem::remove_all(path_ / std::to_string(pid)); }

  void AddThread(pid_t pid, pid_t tid, const std::string& comm, uint64_t run, uint64_t delay, int cpu) {
    std::string stat = std::to_string(tid) + " (" + comm + ") S";
    for (int field = 4; field < 39; ++field) stat += " 0";
    WriteThread(pid, tid, comm + "\n", Schedstat(run, delay), stat + " " + std::to_string(cpu) + " 0 0\n");
  }
  // The same with anything in its files.
  void WriteThread(pid_t pid, pid_t tid, const std::string& comm, const std::string& schedstat,
                   const std::string& stat) {
    std::filesystem::create_directories(Task(pid, tid));
    Write(Task(pid, tid) / "comm", comm);
    Write(Task(pid, tid) / "schedstat", schedstat);
    Write(Task(pid, tid) / "stat", stat);
  }
  void SetCounters(pid_t pid, pid_t tid, uint64_t run, uint64_t delay) {
    Write(Task(pid, tid) / "schedstat", Schedstat(run, delay));
  }
  // As /proc does it: what was open reads as an error from now on.
  void RemoveThread(pid_t pid, pid_t tid) {
    Write(Task(pid, tid) / "schedstat", "");
    std::filesystem::remove_all(Task(pid, tid));
  }

 private:
  static std::string Schedstat(uint64_t run, uint64_t delay) {
    return std::to_string(run) + " " + std::to_string(delay) + " 1\n";
  }
  std::filesystem::path Task(pid_t pid, pid_t tid) const {
    return path_ / std::to_string(pid) / "task" / std::to_string(tid);
  }
  // In place, so that a descriptor held open sees it.
  static void Write(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
  }

  std::filesystem::path path_;
};

// The command line of the QEMU process of a guest, as libvirt starts it.
inline std::string QemuCmdline(const std::string& uuid, const std::string& name) {
  std::string cmdline;
  for (const std::string& argument : {std::string("/usr/bin/qemu-system-x86_64"), std::string("-name"),
                                      "guest=" + name + ",debug-threads=on", std::string("-uuid"), uuid}) {
    cmdline += argument + '\0';
  }
  return cmdline;
}

// A real thread that waits, for its affinity to be read by its number.
class ParkedThread {
 public:
  ParkedThread() {
    thread_ = std::thread([this] {
      tid_ = gettid();
      while (!leave_) std::this_thread::yield();
    });
    while (tid_ == 0) std::this_thread::yield();
  }
  ~ParkedThread() { Leave(); }
  void Leave() {
    leave_ = true;
    if (thread_.joinable()) thread_.join();
  }
  pid_t tid() const { return tid_; }

 private:
  std::atomic<pid_t> tid_{0};
  std::atomic<bool> leave_{false};
  std::thread thread_;
};

// The CPUs that this process may use.
inline std::vector<int> AllowedCpus() {
  cpu_set_t set;
  CHECK_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

inline void PinThread(pid_t tid, int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  CHECK_EQ(sched_setaffinity(tid, sizeof set, &set), 0);
}

}  // namespace ballast::test
