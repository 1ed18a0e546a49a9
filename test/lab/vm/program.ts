import { Argument, Command } from 'commander'
import type { CaseResult } from '../cases/case.ts'
import { hostCaseNames, runHostCase } from './cases/index.ts'
import { removeRunLeftovers } from './directory.ts'
import { HostVm } from './host-vm.ts'
import { removeHostImages } from './image.ts'
import { installProduct, withProduct } from './product.ts'

interface Reporting {
  readonly log: (line: string) => void
  /** Prints what a case ended with, and sets the exit code. */
  readonly report: (result: CaseResult, options: { readonly json?: boolean }) => void
  /** The result of a case that could not be carried out. */
  readonly notCarriedOut: (name: string) => (error: unknown) => CaseResult
}

/** `npm run lab -- --host vm`: each command has a host of its own, gone when it ends. */
export function hostProgram({ log, report, notCarriedOut }: Reporting): Command {
  const program = new Command('lab --host vm')
    .description('A whole host in a VM: Debian with systemd, libvirt and QEMU. Ballast is installed in it.')
    .option('--clean', 'remove the files that hosts boot from, and what crashed runs left')
    .action(async ({ clean }: { readonly clean?: boolean }) => {
      if (!clean) program.help()
      await removeRunLeftovers()
      await removeHostImages()
      log('removed')
    })

  program
    .command('shell')
    .description("open a shell of root's on a host")
    .action(() => withHost(log, async (vm) => vm.shell()))

  program
    .command('exec')
    .description("run a command in a shell of root's on a host, and end with its exit code")
    .argument('<command...>')
    .allowUnknownOption()
    .action((words: string[]) =>
      withHost(log, async (vm) => {
        const { code, stdout, stderr } = await vm.exec(words.join(' '))
        process.stdout.write(stdout)
        process.stderr.write(stderr)
        return code ?? 1
      }),
    )

  program
    .command('case')
    .description(`run one case and judge it: ${hostCaseNames.join(', ')}`)
    .addArgument(new Argument('<name>').choices(hostCaseNames))
    .option('--json', 'end with one line of JSON')
    .action(async (name: string, options: { readonly json?: boolean }) =>
      report(await runHostCase(name, log).catch(notCarriedOut(name)), options),
    )
  return program
}

/** Ends with the exit code that `work` gives. */
function withHost(log: (line: string) => void, work: (vm: HostVm) => Promise<number>): Promise<void> {
  return withProduct(log, async (product) => {
    await using vm = await HostVm.boot(log)
    await installProduct(vm, product)
    process.exitCode = await work(vm)
  })
}
