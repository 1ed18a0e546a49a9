#pragma once

#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

// The whole test framework: TEST registers a function, CHECK ends the process at the first thing that is not
// so. native.test.ts runs each test in a process of its own, so none can hide or disturb another.
namespace ballast::test {

struct Test {
  std::string name;
  void (*run)();
};

inline std::vector<Test>& AllTests() {
  static std::vector<Test> tests;
  return tests;
}

inline bool Register(std::string name, void (*run)()) {
  AllTests().push_back({std::move(name), run});
  return true;
}

[[noreturn]] inline void Fail(const char* file, int line, const std::string& what) {
  std::cout << file << ":" << line << ": " << what << std::endl;
  std::exit(1);
}

template <typename Actual, typename Expected>
void CheckEqual(const char* file, int line, const char* text, const Actual& actual,
                const Expected& expected) {
  if (actual == expected) return;
  std::ostringstream what;
  what << text << " is " << actual << ", expected " << expected;
  Fail(file, line, what.str());
}

}  // namespace ballast::test

#define BALLAST_JOIN2(a, b) a##b
#define BALLAST_JOIN(a, b) BALLAST_JOIN2(a, b)
#define TEST(name)                                                   \
  static void BALLAST_JOIN(Test, __LINE__)();                        \
  [[maybe_unused]] static const bool BALLAST_JOIN(kTest, __LINE__) = \
      ballast::test::Register(name, BALLAST_JOIN(Test, __LINE__));   \
  static void BALLAST_JOIN(Test, __LINE__)()
#define CHECK(condition) \
  if (!(condition)) ballast::test::Fail(__FILE__, __LINE__, #condition " is not so")
#define CHECK_EQ(actual, expected) \
  ballast::test::CheckEqual(__FILE__, __LINE__, #actual, (actual), (expected))
