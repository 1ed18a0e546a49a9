/**
 * A policy of one's own: pCPU 0 is the host's. On a simulated host, or live on the one that you name:
 *
 *     npx tsx examples/custom-policy.ts [URI]
 */
import { autopilot, connect, LogFormatter, pin, type Scheduler, scenarios, simulate } from 'ballast'

/** Every vCPU that may run on pCPU 0 is kept off it; a policy is a function from what is seen to what should be done. */
const keepOffCpu0: Scheduler = (view) =>
  view.vcpus
    .filter((vcpu) => vcpu.affinity?.has(0))
    .map((vcpu) => pin(vcpu, view.online.without(0), "pCPU 0 is the host's"))

async function main(uri: string | undefined): Promise<void> {
  await using host = uri ? await connect(uri) : simulate(scenarios.A4())
  const log = new LogFormatter()
  for await (const tick of autopilot(host, { interval: 2000, scheduler: keepOffCpu0, ticks: 3 })) {
    for (const line of log.lines(tick)) console.log(line)
  }
}

main(process.argv[2]).catch((error: Error) => {
  console.error(`custom-policy: ${error.message}`)
  process.exitCode = 1
})
