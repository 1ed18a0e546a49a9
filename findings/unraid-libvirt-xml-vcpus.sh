#!/usr/bin/env bash
# @unraid/libvirt reads a guest of 2 of 8 vCPUs, kept to CPUs 0-3, and writes one of 8 vCPUs that run anywhere.
#
# Versions:  @unraid/libvirt 2.2.1 (npm), with libvirt 9.0.0-4+deb12u2 (Debian 12) on its test driver.
# Seen:      domainDescToXml(await domainDescFromXml(xml)) keeps the number in <vcpu current='2' cpuset='0-3'>8</vcpu> and
#            placement, and drops current and cpuset; <cputune> with its pins and shares is dropped too. libvirt takes the
#            result: 8 vCPUs at once, shares and pins none. No error, no warning.
# Surprises: whoever makes guests as its README does, from a template with another name and disk: each starts with four times
#            the vCPUs of the template, on CPUs that were to be kept free. The types of TypeScript show what is kept, and
#            nothing says that the rest is dropped and not refused.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/npm.sh"

debian_begin bookworm
debian_take libvirt-clients=9.0.0-4+deb12u2 libvirt0=9.0.0-4+deb12u2
npm_take @unraid/libvirt@2.2.1

cat >template.xml <<'XML'
<domain type='test'>
  <name>guest</name>
  <memory unit='MiB'>256</memory>
  <vcpu placement='static' cpuset='0-3' current='2'>8</vcpu>
  <cputune>
    <shares>512</shares>
    <vcpupin vcpu='0' cpuset='1'/>
  </cputune>
  <os><type arch='i686'>hvm</type></os>
</domain>
XML
# The addon is not built: the functions are in a file of their own, as the package's main file has them.
cat >again.mjs <<'JS'
import { readFileSync } from 'node:fs'
const { domainDescFromXml, domainDescToXml } = await import('./node_modules/@unraid/libvirt/dist/domain-xml.js')
console.log(domainDescToXml(await domainDescFromXml(readFileSync('template.xml', 'utf8'))))
JS
node again.mjs >again.xml 2>error.log || changed "the XML is refused" "$(cat error.log)"

# guest FILE: what libvirt makes of it: vCPUs now and at most, the CPUs of vCPU 0 and of all others, shares.
guest() {
  "${loader[@]}" "$root/usr/bin/virsh" -q -c test:///default "define $1; vcpucount guest --current --config;
    vcpucount guest --maximum --config; vcpupin guest 0; vcpupin guest 7; dumpxml guest" 2>&1 |
    sed -nE 's/^ *([0-9]+) *$/\1/p; s/^ *[07] +([-0-9,]+)$/\1/p; s/.*<shares>([0-9]+).*/shares \1/p' | paste -sd ' '
}

seen=$(guest template.xml)
if [ "$seen" != "2 8 1 0-3 shares 512" ]; then changed "libvirt makes another guest of the template" "$seen"; fi
seen=$(guest again.xml)
if [ "$seen" != "8 8 0-7 0-7" ]; then changed "what is written is not a guest of 8 vCPUs without pins" "$seen"; fi

echo "as described: @unraid/libvirt 2.2.1 makes a guest of 8 vCPUs anywhere of one with 2 of 8 on CPUs 0-3"
