# The same as raw.c as users of libvirt-python write it: a dict of statistics by domain name.
import sys
import time

import libvirt

VCPU = libvirt.VIR_DOMAIN_STATS_VCPU
FULL = VCPU | libvirt.VIR_DOMAIN_STATS_STATE | libvirt.VIR_DOMAIN_STATS_BALLOON

connection = libvirt.openReadOnly(sys.argv[1])
for line in sys.stdin:
    begun = time.monotonic_ns()
    records = connection.getAllDomainStats(
        FULL if line == 'full\n' else VCPU, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE
    )
    statistics = {domain.name(): values for domain, values in records}
    print(time.monotonic_ns() - begun, len(statistics), flush=True)
connection.close()
