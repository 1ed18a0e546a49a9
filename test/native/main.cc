#include <iostream>
#include <string>

#include "check.h"

// `suite` prints the names of all tests, one a line; `suite NAME` runs that one.
int main(int argc, char** argv) {
  for (const ballast::test::Test& test : ballast::test::AllTests()) {
    if (argc == 1) {
      std::cout << test.name << "\n";
    } else if (test.name == argv[1]) {
      test.run();
      std::cout << "ok\n";
      return 0;
    }
  }
  return argc == 1 ? 0 : 2;
}
