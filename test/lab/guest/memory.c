#define _GNU_SOURCE
#include "memory.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1 << 20)

static pid_t holder;
static int orders_to_holder = -1;
u64* held_mib;
int killed;

void prepare_memory(void) { held_mib = shared_with_children(sizeof *held_mib); }

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

void order_memory(struct order order) {
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

void notice_dead_holder(void) {
  if (!holder || waitpid(holder, NULL, WNOHANG) != holder) return;
  close(orders_to_holder);
  holder = 0;
  *held_mib = 0;
  killed++;
}
