// What a pass over all domains costs the thinnest client that there can be: raw.c URI. For each line on
// standard input, `vcpu` or `full`, it asks for those bulk statistics once and answers with the nanoseconds
// that it took and the number of domains: `51234567 50`.

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  virConnectPtr connection = virConnectOpenReadOnly(argv[1]);
  if (!connection) return 1;
  char line[16];
  while (fgets(line, sizeof line, stdin)) {
    unsigned groups = VIR_DOMAIN_STATS_VCPU;
    if (strcmp(line, "full\n") == 0) groups |= VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_BALLOON;
    virDomainStatsRecordPtr* records = NULL;
    const long long begun = now_ns();
    const int count = virConnectGetAllDomainStats(connection, groups, &records,
                                                  VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE);
    if (count < 0) return 1;
    virDomainStatsRecordListFree(records);
    printf("%lld %d\n", now_ns() - begun, count);
    fflush(stdout);
  }
  virConnectClose(connection);
  return 0;
}
