#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "../check.h"

// One harness a file: it defines FUZZ, which libFuzzer calls with whatever it makes up, and CHECKs what must
// hold of any input. What is read beyond an input, overflows or leaks, the sanitizers see.
#define FUZZ(input)                                                         \
  static void Fuzz(ballast::test::Input input);                             \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { \
    Fuzz(ballast::test::Input(reinterpret_cast<const char*>(data), size));  \
    return 0;                                                               \
  }                                                                         \
  static void Fuzz(ballast::test::Input input)

namespace ballast::test {

// Hands out the bytes of an input, piece by piece; what is no longer there is empty, or zero.
class Input {
 public:
  Input(const char* data, size_t size) : rest_(data, size) {}

  // All that is left.
  std::string_view Rest() { return Take(rest_.size()); }
  // Up to the next `separator`, which is dropped.
  std::string_view Until(char separator) {
    const std::string_view front = rest_.substr(0, rest_.find(separator));
    Take(front.size() + 1);
    return front;
  }
  template <typename Number>
  Number As() {
    Number number{};
    const std::string_view bytes = Take(sizeof number);
    std::memcpy(&number, bytes.data(), bytes.size());
    return number;
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view Take(size_t most) {
    const std::string_view front = rest_.substr(0, most);
    rest_.remove_prefix(front.size());
    return front;
  }

  std::string_view rest_;
};

}  // namespace ballast::test
