#define _GNU_SOURCE
#include "load.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_CPUS 64

u64 rounds_per_ms = 500000;  // until the host has measured it
static pid_t workers[MAX_CPUS];
const char* load = "idle";
static u64* worked;  // rounds of all loads since it booted, by CPU; shared with the workers

void prepare_loads(void) { worked = shared_with_children(MAX_CPUS * sizeof *worked); }

void burn(u64 rounds) {
  static volatile u64 sink;
  u64 x = sink + 88172645463325252ULL;
  for (u64 i = 0; i < rounds; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
  }
  sink = x;
}

static void run_load(char kind, double work_ms, double sleep_ms, u64* count) {
  u64 rounds = (u64)(work_ms * (double)rounds_per_ms);
  const u64 period = 100000000, backlog = 1000000000;
  u64 due = now_ns();
  for (;;) {
    burn(rounds);
    *count += rounds;
    if (kind == 'l') {
      sleep_ns((u64)(sleep_ms * 1e6));
    } else if (kind == 'w') {
      u64 now = now_ns();
      due += period;
      if (due + backlog < now) due = now - backlog;
      if (due > now) sleep_ns(due - now);
    }
  }
}

void stop_load(void) {
  for (int i = 0; i < MAX_CPUS; i++) {
    if (!workers[i]) continue;
    kill(workers[i], SIGKILL);
    waitpid(workers[i], NULL, 0);
    workers[i] = 0;
  }
  load = "idle";
}

void start_load(const char* name, double work_ms, double sleep_ms) {
  stop_load();
  long cpus = sysconf(_SC_NPROCESSORS_ONLN);
  for (int i = 0; i < cpus && i < MAX_CPUS; i++) {
    workers[i] = fork();
    if (workers[i]) continue;
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(i, &only);
    sched_setaffinity(0, sizeof only, &only);
    prctl(PR_SET_TIMERSLACK, 1);
    write_file("/proc/self/oom_score_adj", "-1000");
    run_load(name[0], work_ms, sleep_ms, &worked[i]);
  }
  load = name;
}

u64 worked_by_all(void) {
  u64 sum = 0;
  for (int i = 0; i < MAX_CPUS; i++) sum += worked[i];
  return sum;
}
