#include "virt/cpu_sampler.h"

#include <libvirt/virterror.h>

#include <cstdlib>
#include <new>

#include "check.h"
#include "fake_libvirt.h"
#include "fake_proc.h"
#include "latch.h"

namespace {
// How many more allocations of this thread succeed; negative: all.
thread_local long allocations_left = -1;

void* Allocate(size_t size) {
  if (!ballast::test::inside_library) {
    if (allocations_left == 0) throw std::bad_alloc();
    if (allocations_left > 0) --allocations_left;
  }
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

namespace ballast {
namespace {

using test::FakeDomain;
using test::FakeLibvirt;
using test::FakeProc;
using test::ParkedThread;

constexpr uint32_t kCpus = 4;

void CheckSample(const CpuColumns& sample, const std::vector<FakeDomain>& domains) {
  CHECK_EQ(sample.domains->size(), domains.size());
  CHECK_EQ(sample.source.size(), domains.size());
  CHECK_EQ(sample.vcpu_start.size(), domains.size() + 1);
  for (size_t row = 0; row < domains.size(); ++row) {
    CHECK_EQ((*sample.domains)[row].name, domains[row].name);
    CHECK_EQ(sample.source[row], 2);  // libvirt
    CHECK_EQ(sample.vcpu_start[row + 1] - sample.vcpu_start[row], domains[row].vcpus);
  }
}

// Sets the domains and takes a sample with so little memory that it fails; false once there was enough.
bool FailsWith(long allocations, CpuSampler& sampler, const std::vector<FakeDomain>& domains) {
  FakeLibvirt::Get().SetDomains(domains);
  bool failed = false;
  try {
    allocations_left = allocations;
    sampler.Sample();
  } catch (const std::bad_alloc&) {
    failed = true;
  }
  allocations_left = -1;
  return failed;
}

TEST("CPU sampler: a domain with one thread for all vCPUs has no rows, and says why") {
  FakeDomain domain{1, "one", 2};
  domain.has_thread_of_all = true;
  FakeLibvirt::Get().SetDomains({domain, {2, "two", 3}});
  CpuSampler sampler(Connection::Open({"qemu:///system"}), kCpus, false);
  for (int i = 0; i < 2; ++i) {
    const CpuColumns sample = sampler.Sample();
    CHECK_EQ(sample.source[0], 4);
    CHECK_EQ(sample.source[1], 2);
    CHECK_EQ(sample.vcpu_start[1], 0u);
    CHECK_EQ(sample.vcpu.size(), 3u);
  }
}

TEST("CPU sampler: while no list comes the domains known before are sampled, until the connection is lost") {
  const std::vector<FakeDomain> one = {{1, "one", 2}};
  FakeLibvirt::Get().SetDomains(one);
  CpuSampler sampler(Connection::Open({"qemu:///system"}), kCpus, true);
  sampler.FollowEvents();
  CheckSample(sampler.Sample(), one);
  static test::Latch answers;  // a thread may still be in it at the end
  FakeLibvirt::Get().list_domains = [&] { answers.Await(1); };
  sampler.InvalidateDomains();
  const CpuColumns late = sampler.Sample();
  CHECK(late.list_age >= 250);
  CHECK_EQ((*late.domains)[0].name, "one");
  // It has no process here, and the connection of its other source has a call on it.
  CHECK_EQ(late.source[0], 0);
  sampler.LoseConnection();
  int code = 0;
  try {
    sampler.Sample();
  } catch (const VirtFailure& failure) {
    code = failure.error.code;
  }
  CHECK_EQ(code, VIR_ERR_INTERNAL_ERROR);
  answers.Count();
}

// While libvirt destroys a guest each call on it waits, for seconds where it is stuck.
TEST("CPU sampler: libvirt is not asked of a guest whose process ended before it is listed again") {
  constexpr pid_t kQemu = 4711;
  FakeProc proc;
  const ParkedThread vcpu;
  proc.AddProcess(kQemu, test::QemuCmdline("uuid of one", "one"));
  proc.AddThread(kQemu, vcpu.tid(), "CPU 0/KVM", 1'000, 2'000, 0);
  FakeLibvirt& libvirt = FakeLibvirt::Get();
  libvirt.SetDomains({{1, "one"}});
  size_t asked = 0;
  libvirt.read_vcpus = [&] { ++asked; };
  CpuSampler sampler(Connection::Open({"qemu:///system"}), kCpus, true, proc.path());
  sampler.FollowEvents();
  CHECK_EQ(sampler.Sample().source[0], 1);  // the thread's own files

  proc.RemoveThread(kQemu, vcpu.tid());
  proc.RemoveProcess(kQemu);
  CHECK_EQ(sampler.Sample().source[0], 0);
  CHECK_EQ(asked, 0u);
  // It is listed again: libvirt has not destroyed it yet, or it runs where its process cannot be seen.
  CHECK_EQ(sampler.Sample().source[0], 2);
  CHECK_EQ(asked, 1u);
}

TEST("CPU sampler: the next sample is right, wherever memory ran out in the one before") {
  const std::vector<FakeDomain> one = {{1, "one", 2}};
  const std::vector<FakeDomain> three = {
      {1, "one", 2}, {2, "two", 3}, {3, "a name of more than some bytes", 1}};
  const auto connection = Connection::Open({"qemu:///system"});
  for (const bool same_next : {true, false}) {
    long allocations = 0;
    for (bool failed = true; failed; ++allocations) {
      CpuSampler sampler(connection, kCpus, false);
      FakeLibvirt::Get().SetDomains(one);
      CheckSample(sampler.Sample(), one);
      failed = FailsWith(allocations, sampler, three);
      const std::vector<FakeDomain>& next = same_next ? three : one;
      FakeLibvirt::Get().SetDomains(next);
      CheckSample(sampler.Sample(), next);
      CheckSample(sampler.Sample(), next);
    }
    CHECK(allocations > 20);
  }
}

}  // namespace
}  // namespace ballast
