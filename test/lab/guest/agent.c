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

#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "load.h"
#include "memory.h"
#include "system.h"

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
  prepare_loads();
  prepare_memory();
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
