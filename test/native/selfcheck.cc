#include <climits>
#include <thread>
#include <vector>

#include "check.h"

// Tests that must fail: native.test.ts sees that each does, or the others would prove nothing.
namespace ballast {
namespace {

volatile int one = 1;

TEST("address: fails a condition that is not so") { CHECK(one == 2); }
TEST("address: fails two values that differ") { CHECK_EQ(one + 1, 3); }
TEST("address: finds a read beyond the end") {
  const std::vector<int> values(static_cast<size_t>(one));
  CHECK_EQ(values.data()[one], 0);
}
TEST("address: finds a leak") {
  int* volatile lost = new int(one);
  lost = nullptr;
  CHECK(lost == nullptr);
}
TEST("address: finds an overflow") { CHECK_EQ(INT_MAX + one, INT_MIN); }
TEST("thread: finds a race") {
  int shared = 0;
  std::thread other([&] { shared = one; });
  shared = 2;
  other.join();
}

}  // namespace
}  // namespace ballast
