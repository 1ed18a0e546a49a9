// PID 1 of a lab guest: loads the virtio modules, turns a second disk into swap, then obeys the host over
// the first serial port. The host writes a line `TAG COMMAND ARGUMENTS`; the answer is one line, `OK TAG ...`
// or `ERR TAG reason`. Kernel messages share the port: each answer begins on a line of its own, and the host
// skips lines that begin otherwise.
//
//   loop W S     closed loop on every vCPU: work that takes W ms when it runs alone, then S ms of sleep
//   work W       open loop on every vCPU: W ms of work every 100 ms, with up to 1 s of backlog kept
//   spin         every vCPU never sleeps
//   idle         ends all of those
//   rate N       rounds of work in one ms, for the loads that follow
//   burn N       N rounds, then the answer: for the host to measure that by
//   mem +N, -N   the memory program takes N MiB more, with random content, or gives N MiB back
//   grow N S [L] it takes N MiB every S seconds, a MiB at a time, until it holds L MiB
//   touch N      it rewrites N MiB of what it holds every second
//   still        it keeps what it holds and does nothing more
//   reboot       boots anew; nothing is answered
//   stat         what the guest itself sees, in KiB, and what became of the memory program
//
// Memory is held by a child that the OOM killer prefers, so that this program lives to tell.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define MIB (1 << 20)
#define MAX_CPUS 64
#define MAX_CHUNKS 65536

typedef uint64_t u64;

static u64 now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

static void sleep_ns(u64 ns) {
  struct timespec t = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
  nanosleep(&t, NULL);
}

static void write_file(const char* path, const char* text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) perror(path);
  if (fd >= 0) close(fd);
}

// ---- Boot

static void load_modules(void) {
  FILE* list = fopen("/modules/order", "re");
  char name[128];
  while (list && fscanf(list, "%127s", name) == 1) {
    char path[160];
    snprintf(path, sizeof path, "/modules/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0) perror(path);
    if (fd >= 0) close(fd);
  }
  if (list) fclose(list);
}

// What mkswap writes: version 1 and the last page's number at 1024, the signature at the end of the first
// page.
static void swap_on(const char* disk) {
  int fd = open(disk, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  off_t size = lseek(fd, 0, SEEK_END);
  static char page[4096];
  uint32_t header[2] = {1, (uint32_t)(size / 4096 - 1)};
  memcpy(page + 1024, header, sizeof header);
  memcpy(page + 4096 - 10, "SWAPSPACE2", 10);
  if (pwrite(fd, page, sizeof page, 0) != sizeof page || fsync(fd) < 0 || swapon(disk, 0) < 0) perror(disk);
  close(fd);
}

// ---- CPU loads

static u64 rounds_per_ms = 500000;  // until the host has measured it
static pid_t workers[MAX_CPUS];
static const char* load = "idle";
static u64* worked;  // rounds of all loads since it booted, by CPU; shared with the workers

// A chain of dependent operations: nothing to vectorise, reorder or keep in a cache.
static void burn(u64 rounds) {
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

static void stop_load(void) {
  for (int i = 0; i < MAX_CPUS; i++) {
    if (!workers[i]) continue;
    kill(workers[i], SIGKILL);
    waitpid(workers[i], NULL, 0);
    workers[i] = 0;
  }
  load = "idle";
}

static void start_load(const char* name, double work_ms, double sleep_ms) {
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

// ---- The memory program

struct order {
  char kind;  // + take, - give, g grow, t touch, s still
  double mib, seconds, limit;
};

static pid_t holder;
static int orders_to_holder = -1;
static u64* held_mib;  // shared with the holder
static int killed;     // times that the holder died without being told to

static void fill(u64* chunk, u64* seed) {
  u64 x = *seed;
  for (size_t i = 0; i < MIB / sizeof x; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    chunk[i] = x;
  }
  *seed = x;
}

static void hold(int orders) {
  static u64* chunks[MAX_CHUNKS];
  u64 seed = now_ns() | 1;
  struct order order = {.kind = 's'};
  u64 next = 0, pause = 0;
  write_file("/proc/self/oom_score_adj", "1000");
  for (;;) {
    int moving = order.kind == 'g' || order.kind == 't';
    u64 now = now_ns();
    struct pollfd input = {.fd = orders, .events = POLLIN};
    int wait_ms = !moving ? -1 : next > now ? (int)((next - now) / 1000000) : 0;
    if (poll(&input, 1, wait_ms) > 0) {
      struct order got;
      if (read(orders, &got, sizeof got) != sizeof got) _exit(0);
      for (int i = 0; got.kind == '+' && i < got.mib && *held_mib < MAX_CHUNKS; i++) {
        u64* chunk = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (chunk == MAP_FAILED) break;
        fill(chunk, &seed);
        chunks[(*held_mib)++] = chunk;
      }
      for (int i = 0; got.kind == '-' && i<got.mib&& * held_mib> 0; i++) {
        munmap(chunks[--*held_mib], MIB);
      }
      if (got.kind == '+') continue;
      order = got;
      pause = order.mib > 0 ? (u64)(order.seconds * 1e9 / order.mib) : 0;
      next = now_ns() + pause;
    } else if (moving && now_ns() >= next) {
      if (order.kind == 't' && *held_mib > 0) {
        fill(chunks[seed % *held_mib], &seed);
      } else if (order.kind == 'g' && *held_mib < order.limit) {
        u64* chunk = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (chunk == MAP_FAILED) continue;
        fill(chunk, &seed);
        chunks[(*held_mib)++] = chunk;
      }
      next += pause;
    }
  }
}

static void order_memory(struct order order) {
  if (!holder) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return;
    *held_mib = 0;
    holder = fork();
    if (!holder) {
      close(ends[1]);
      hold(ends[0]);
    }
    close(ends[0]);
    orders_to_holder = ends[1];
  }
  if (write(orders_to_holder, &order, sizeof order) < 0) perror("order");
}

static void notice_dead_holder(void) {
  if (!holder || waitpid(holder, NULL, WNOHANG) != holder) return;
  close(orders_to_holder);
  holder = 0;
  *held_mib = 0;
  killed++;
}

// ---- Answers

static u64 field_of(const char* path, const char* name) {
  FILE* file = fopen(path, "re");
  char key[64];
  u64 value = 0, found = 0;
  while (file && fscanf(file, "%63s %lu%*[^\n]", key, &value) == 2) {
    if (!strcmp(key, name)) found = value;
  }
  if (file) fclose(file);
  return found;
}

static u64 worked_by_all(void) {
  u64 sum = 0;
  for (int i = 0; i < MAX_CPUS; i++) sum += worked[i];
  return sum;
}

static void answer_stat(int port, const char* tag) {
  const char *mem = "/proc/meminfo", *vm = "/proc/vmstat";
  notice_dead_holder();
  dprintf(
      port,
      "\nOK %s total=%lu free=%lu available=%lu swapTotal=%lu swapUsed=%lu held=%lu killed=%d oomKills=%lu "
      "load=%s clock=%lu worked=%lu\n",
      tag, field_of(mem, "MemTotal:"), field_of(mem, "MemFree:"), field_of(mem, "MemAvailable:"),
      field_of(mem, "SwapTotal:"), field_of(mem, "SwapTotal:") - field_of(mem, "SwapFree:"), *held_mib * 1024,
      killed, field_of(vm, "oom_kill"), load, now_ns(), worked_by_all());
}

static void obey(int port, char* line) {
  char tag[32] = "", command[32] = "";
  double a = 0, b = 0, c = 0;
  int fields = sscanf(line, "%31s %31s %lf %lf %lf", tag, command, &a, &b, &c);
  int numbers = fields - 2;
  if (fields < 2) return;
  notice_dead_holder();
  if (!strcmp(command, "stat")) return answer_stat(port, tag);
  if (!strcmp(command, "idle")) {
    stop_load();
  } else if (!strcmp(command, "spin")) {
    start_load("spin", 10, 0);
  } else if (!strcmp(command, "loop") && numbers == 2 && a > 0 && b >= 0) {
    start_load("loop", a, b);
  } else if (!strcmp(command, "work") && numbers == 1 && a > 0) {
    start_load("work", a, 0);
  } else if (!strcmp(command, "rate") && numbers == 1 && a >= 1) {
    rounds_per_ms = (u64)a;
  } else if (!strcmp(command, "burn") && numbers == 1 && a > 0) {
    burn((u64)a);
  } else if (!strcmp(command, "mem") && numbers == 1 && a != 0) {
    order_memory((struct order){.kind = a > 0 ? '+' : '-', .mib = a > 0 ? a : -a});
  } else if (!strcmp(command, "grow") && (numbers == 2 || numbers == 3) && a > 0 && b > 0) {
    order_memory((struct order){'g', a, b, numbers == 3 ? c : MAX_CHUNKS});
  } else if (!strcmp(command, "touch") && numbers == 1 && a > 0) {
    order_memory((struct order){.kind = 't', .mib = a, .seconds = 1});
  } else if (!strcmp(command, "still")) {
    order_memory((struct order){.kind = 's'});
  } else if (!strcmp(command, "reboot")) {
    reboot(RB_AUTOBOOT);
  } else {
    dprintf(port, "\nERR %s cannot understand: %s\n", tag, line);
    return;
  }
  dprintf(port, "\nOK %s\n", tag);
}

int main(void) {
  mkdir("/proc", 0755);
  mkdir("/sys", 0755);
  mkdir("/dev", 0755);
  mount("proc", "/proc", "proc", 0, NULL);
  mount("sysfs", "/sys", "sysfs", 0, NULL);
  mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
  int port = open("/dev/ttyS0", O_RDWR | O_NOCTTY);
  dup2(port, STDERR_FILENO);
  struct termios raw;
  tcgetattr(port, &raw);
  cfmakeraw(&raw);
  tcsetattr(port, TCSANOW, &raw);

  load_modules();
  swap_on("/dev/vda");
  worked = mmap(NULL, MAX_CPUS * sizeof *worked, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  held_mib = mmap(NULL, sizeof *held_mib, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  signal(SIGPIPE, SIG_IGN);
  // A squeezed guest must still answer, so nothing of this program is ever swapped out.
  mlockall(MCL_CURRENT | MCL_FUTURE);

  static char line[512];
  size_t length = 0;
  for (;;) {
    char byte;
    if (read(port, &byte, 1) != 1) {
      sleep_ns(10000000);
    } else if (byte != '\n' && byte != '\r') {
      if (length < sizeof line - 1) line[length++] = byte;
    } else if (length > 0) {
      line[length] = 0;
      length = 0;
      obey(port, line);
    }
  }
}
