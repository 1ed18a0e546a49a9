#pragma once

#include <libvirt/libvirt.h>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

// Takes the place of the libvirt library in the test program: a host of domains that a test describes, whose
// calls fail, hang and answer as the test says.
namespace ballast::test {

struct FakeDomain {
  int id;
  std::string name;
  unsigned vcpus = 1;
  unsigned long memory_kib = 1024;  // what the balloon has, as virDomainGetInfo tells it
  bool has_thread_of_all = false;   // its vCPUs have no threads of their own
};

// Whether this thread is inside of the library: a test that lets memory run out means our own code alone.
extern thread_local bool inside_library;

class FakeLibvirt {
 public:
  // The one of this process: each test has a process of its own.
  static FakeLibvirt& Get();

  void SetDomains(std::vector<FakeDomain> domains) {
    const std::lock_guard<std::mutex> lock(mutex_);
    domains_ = std::move(domains);
  }
  std::vector<FakeDomain> domains() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return domains_;
  }

  // Called before the domains are listed. May block.
  std::function<void()> list_domains = [] {};
  // Called before the vCPUs of a domain are read. May block.
  std::function<void()> read_vcpus = [] {};
  // How virDomainMemoryStats answers for the domain with this id: like that call. May block.
  std::function<int(int id, virDomainMemoryStatPtr stats)> memory_stats = [](int, virDomainMemoryStatPtr) {
    return 0;
  };
  // How one run of the event loop ends. May block.
  std::function<int()> run_event_loop = [] { return 0; };

  // As the library does it: sets the error of this thread.
  static void SetError(int code, const std::string& message);

 private:
  std::mutex mutex_;
  std::vector<FakeDomain> domains_;
};

}  // namespace ballast::test
