// Makes libvirt fail in every way that it can here, and prints nothing itself: `quiet URI`.
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { connect } from '../../../lib/libvirt/connect.ts'

const [uri = ''] = process.argv.slice(2)
const nobody = '00000000-0000-4000-8000-000000000000'

let failures = 0
const failing = async (call: Promise<unknown>) => {
  await call.then(
    () => {},
    () => failures++,
  )
}

for (const wrong of ['martian:///crater', 'invalid', 'qemu+unix:///system?socket=/nonexistent/sock']) {
  await failing(connect(wrong))
}
const host = await connect(uri)
const { uuid } = await host.domain('test')
await failing(host.pinVcpu(uuid, 999, CpuSet.of(0)))
await failing(host.pinVcpu(nobody, 0, CpuSet.of(0)))
await failing(host.setMemory(uuid, 2 ** 50))
await failing(host.setMemory(nobody, 2 ** 20))
await failing(host.setMemoryStatsPeriod(nobody, 1))
for (let turn = 0; turn < 3; turn++) await Promise.all([host.sampleCpu(), host.sampleMemory()])
const readOnly = await connect(uri, { readOnly: true })
await failing(readOnly.pinVcpu(uuid, 0, CpuSet.of(0)))
await failing(readOnly.setMemory(uuid, 2 ** 20))
await Promise.all([host.close(), readOnly.close()])
process.exitCode = failures === 10 ? 0 : 1
