#pragma once

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "check.h"

namespace ballast::test {

// While one of these lives, this process gets no further thread. Root has no such limit, so the first one
// stops being root.
class NoMoreThreads {
 public:
  NoMoreThreads() {
    constexpr uid_t kNobody = 65534;
    if (geteuid() == 0) {
      CHECK_EQ(setuid(kNobody), 0);
      CHECK_EQ(prctl(PR_SET_DUMPABLE, 1), 0);  // the leak check at exit attaches to this process
    }
    CHECK_EQ(getrlimit(RLIMIT_NPROC, &before_), 0);
    const rlimit none{1, before_.rlim_max};
    CHECK_EQ(setrlimit(RLIMIT_NPROC, &none), 0);
  }
  ~NoMoreThreads() { setrlimit(RLIMIT_NPROC, &before_); }
  NoMoreThreads(const NoMoreThreads&) = delete;
  NoMoreThreads& operator=(const NoMoreThreads&) = delete;

 private:
  rlimit before_{};
};

}  // namespace ballast::test
