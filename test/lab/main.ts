import { writeFileSync } from 'node:fs'
import { Argument, Command, InvalidArgumentError } from 'commander'
import type { Recording } from '../unit/simulation/recording.ts'
import type { CaseOptions, CaseResult } from './cases/case.ts'
import { type FaultResult, faults, hasPassed } from './cases/faults/index.ts'
import { caseNames, runCase } from './cases/index.ts'
import { removeLab, removeLeftovers } from './cleanup.ts'
import { findLabs } from './directory.ts'
import type { GuestOptions } from './domain-xml.ts'
import { faultsOfFleet } from './fleet/faults/index.ts'
import { Lab } from './lab.ts'
import { hostProgram } from './vm/program.ts'
import { runProgramInWorld, showWorlds, withoutWorld } from './world/program.ts'
import { worldNames } from './world/worlds.ts'

interface HostOption {
  readonly system?: boolean
}

const began = performance.now()
const log = (line: string) =>
  console.error(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`)

const program = new Command('lab')
  .description('Real libvirt, real QEMU, real Linux guests to try Ballast on: a private host by default.')
  .addHelpText(
    'after',
    '\nWith `--host vm` a whole host in a VM: npm run lab -- --host vm --help' +
      `\nWith \`--world NAME\` on another Debian's libvirt, QEMU and guest kernel: ${worldNames.join(', ')}`,
  )

/** A command that may be told to use the machine's own libvirt. */
function command(usage: string, description: string): Command {
  return program
    .command(usage)
    .description(description)
    .option('--system', 'use qemu:///system (root) instead of a private host')
}

command('up', 'bring up a host that stays until `down`, and print its URI').action(
  async (options: HostOption) => {
    const already = await Lab.kept(options)
    if (already) log(`already up, with guests: ${(await already.guests()).join(' ') || 'none'}`)
    const lab = already ?? (await Lab.up({ ...options, log }))
    await lab.keep()
    console.log(lab.uri)
    log('try: npm run lab -- start vm1 vm2; npm run lab -- send vm1 spin; ballast monitor --connect URI')
  },
)

command('down', 'end guests and host, and whatever crashed runs left').action(async (options: HostOption) => {
  await removeLeftovers(log)
  const system = options.system === true
  const labs = (await findLabs()).filter(({ record }) => record.kept && record.system === system)
  for (const lab of labs) await removeLab(lab)
  log(labs.length > 0 ? 'down' : 'nothing was up')
})

command('start', 'start guests and wait until they answer')
  .argument('<names...>')
  .option('--vcpus <count>', 'of each guest', whole)
  .option('--memory <MiB>', 'at the start', whole)
  .option('--maximum <MiB>', 'that the balloon may grow to', whole)
  .option('--swap <MiB>', 'on a disk of its own', whole)
  .option('--pin <cpus>', 'CPU list that each vCPU is pinned to')
  .action(async (names: string[], options: HostOption & StartOptions) => {
    const lab = await keptLab(options)
    await lab.startAll(names.map((name) => ({ name, ...guestOptions(options) })))
    log(`up: ${(await lab.guests()).join(' ')}`)
  })

command('send', 'give a guest a command and print its answer; commands are listed in test/lab/guest/agent.c')
  .argument('<name>')
  .argument('<command...>')
  .allowUnknownOption() // mem -64
  .action(async (name: string, words: string[], options: HostOption) => {
    const guest = await (await keptLab(options)).guest(name)
    console.log(`OK ${await guest.send(words.join(' '))}`.trim())
  })

command('case', `run one case and judge it: ${caseNames.join(', ')}`)
  .addArgument(new Argument('<name>').choices(caseNames))
  .option('--json', 'end with one line of JSON')
  .option('--off', 'without any policy: the case has to fail then')
  .option('--record <file>', 'write what was measured, for the tests of the simulated host')
  .action(async (name: string, options: HostOption & CaseFlags) =>
    report(await runCase(name, caseOptions(options)).catch(notCarriedOut(name)), options),
  )

command('faults', 'break a lab in one way after the other while the controllers run, and judge each')
  .argument(
    '[only...]',
    'a part of the names of those that are to be; default: all. After `fleet`: of those that befall several hosts',
  )
  .option('--json', 'a line of JSON for each fault, and one for all')
  .option('--off', 'without any policy: it has to fail then')
  .option('--daemon-kills <number>', 'how often libvirtd is killed in a row (default: 20)', whole)
  .option('--controller-kills <number>', 'how often the controller is killed (default: 50)', whole)
  .action(async (only: string[], options: HostOption & CaseFlags & KillFlags) => {
    const { daemonKills = 20, controllerKills = 50 } = options
    const results: FaultResult[] = []
    const broken: string[] = []
    const ofFleet = only[0] === 'fleet'
    const parts = ofFleet ? only.slice(1) : only
    try {
      const wanted = { ...caseOptions(options), ...(parts.length > 0 && { only: parts }) }
      const befall = ofFleet ? faultsOfFleet(wanted) : faults({ ...wanted, daemonKills, controllerKills })
      for await (const result of befall) {
        results.push(result)
        reportFault(result, options)
      }
    } catch (error) {
      broken.push(...notCarriedOut('faults')(error).broken)
    }
    const failed = results.filter((result) => !hasPassed(result)).map(({ fault }) => fault)
    report(
      {
        case: 'faults',
        passed: broken.length + failed.length === 0,
        faults: results.length,
        survived: results.filter(({ survived }) => survived).length,
        wrongActions: results.reduce((sum, { wrongActions }) => sum + wrongActions, 0),
        broken: [...failed, ...broken],
      },
      options,
    )
  })

interface KillFlags {
  readonly daemonKills?: number
  readonly controllerKills?: number
}

interface CaseFlags {
  readonly json?: boolean
  readonly off?: boolean
  readonly record?: string
}

function caseOptions({ system = false, off = false, record: file }: HostOption & CaseFlags): CaseOptions {
  const record = (recording: Recording) => writeFileSync(file!, `${JSON.stringify(recording, null, 2)}\n`)
  return { system, off, log, ...(file !== undefined && { record }) }
}

/** The result of a case that could not be carried out. */
function notCarriedOut(name: string): (error: unknown) => CaseResult {
  return (error) => ({
    case: name,
    passed: false,
    broken: [error instanceof Error ? error.message : `${error}`],
  })
}

/** Prints what a case ended with; the exit code tells whether it passed. */
function report(result: CaseResult, { json }: CaseFlags): void {
  const { case: name, passed, broken } = result
  console.log(json ? JSON.stringify(result) : `${name} ${passed ? 'passed' : `failed: ${broken.join('; ')}`}`)
  if (!passed) process.exitCode = 1
}

/** Prints what a fault came to. */
function reportFault(result: FaultResult, { json }: CaseFlags): void {
  const { fault, broken, ticksLost } = result
  const verdict = hasPassed(result) ? `survived, ${ticksLost} ticks lost` : `failed: ${broken.join('; ')}`
  console.log(json ? JSON.stringify(result) : `${fault}: ${verdict}`)
}

interface StartOptions {
  readonly vcpus?: number
  readonly memory?: number
  readonly maximum?: number
  readonly swap?: number
  readonly pin?: string
}

function guestOptions(options: StartOptions): Omit<GuestOptions, 'name'> {
  return {
    ...(options.vcpus && { vcpus: options.vcpus }),
    ...(options.memory && { memoryMiB: options.memory }),
    ...(options.maximum && { maximumMiB: options.maximum }),
    ...(options.swap && { swapMiB: options.swap }),
    ...(options.pin && { pinnedTo: options.pin }),
  }
}

async function keptLab(options: HostOption): Promise<Lab> {
  const lab = await Lab.kept({ ...options, log })
  if (!lab) throw new Error(`No lab is up. First: npm run lab -- up${options.system ? ' --system' : ''}`)
  return lab
}

function whole(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('Expected a whole number above 0.')
  return Number(text)
}

/** The words of the command line without `--host vm`, and whether they were there. */
function withoutHost(words: readonly string[]): { readonly words: string[]; readonly vm: boolean } {
  const at = words.indexOf('--host')
  if (at < 0) return { words: [...words], vm: false }
  if (words[at + 1] !== 'vm') throw new Error('Expected `--host vm`: there is no other kind of host')
  return { words: words.toSpliced(at, 2), vm: true }
}

program
  .command('worlds')
  .description('the roots of other Debians, for `--world NAME`, with their versions')
  .option('--clean', 'remove them')
  .action(({ clean = false }: { readonly clean?: boolean }) => showWorlds(clean, log))

try {
  const { words: all, world } = withoutWorld(process.argv)
  const { words, vm } = withoutHost(all)
  if (world && vm) throw new Error('The host in a VM has a world of its own: leave out --world')
  if (world) process.exitCode = await runProgramInWorld(world, 'test/lab/main.ts', words.slice(2), log)
  else await (vm ? hostProgram({ log, report, notCarriedOut }) : program).parseAsync(words)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
