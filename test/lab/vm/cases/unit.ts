import { readFileSync } from 'node:fs'
import { affinities, notAsOwned } from '../affinity.ts'
import { resume } from '../guests.ts'
import type { HostVm } from '../host-vm.ts'
import { codeBlocks, script } from '../page.ts'
import { npmOffline } from '../product.ts'
import { type HostCase, judged } from './host-case.ts'

const page = readFileSync(new URL('../../../../docs/operating.md', import.meta.url), 'utf8')

/** Two guests on one pCPU of eight, for there to be something to do. */
const owners = { a: '1', b: '1' }

/** The unit as it is installed, by the commands of docs/operating.md, word for word. */
export const UNIT: HostCase = async ({ vm, product, log }) => {
  const broken: string[] = []
  const expect = (what: string, holds: boolean) => {
    log(`${holds ? 'ok' : 'NOT OK'}: ${what}`)
    if (!holds) broken.push(what)
  }
  const [setUp = [], daily = []] = codeBlocks(page, 'As a service')
  const command = (part: string) => {
    const found = daily.find((line) => line.includes(part))
    if (found === undefined) throw new Error(`The page has no command with ${part}`)
    return found
  }

  await resume(vm, owners)
  log('set-up as the page says')
  await vm.send(product.tarball, '/root')
  await vm.run(script(setUp, `cd /root\n${await npmOffline('/root')}`), { limit: 1_800_000 })
  expect('the unit is active', (await property(vm, 'ActiveState')) === 'active')
  expect(
    'it begins as a dry run',
    (await affinities(vm, ['a', 'b'])).every(({ pinned }) => `${pinned}` === '1'),
  )

  const nobody = await vm.exec('runuser -u nobody -- virsh -q -c qemu:///system list < /dev/null')
  expect('polkit refuses a user outside of the group libvirt', nobody.code !== 0)
  const service = await vm.exec('runuser -u ballast -- virsh -q -c qemu:///system list')
  expect("polkit lets the unit's user in", service.code === 0)
  const pid = await property(vm, 'MainPID')
  expect('the unit runs as that user', (await vm.run(`ps -o user= -p ${pid}`)) === 'ballast')

  expect('reload succeeds', (await vm.exec(command('reload'))).code === 0)
  await vm.run("sed -i '/^dry-run:/d' /etc/ballast/ballast.yaml")
  await vm.exec(command('reload'))
  await vm.eventually(
    'a reload that would end the dry run is refused',
    "journalctl --no-pager -o cat -u ballast | grep -q 'dry-run cannot change while ballast runs'",
  )
  expect('it is the same process', (await property(vm, 'MainPID')) === pid)
  expect('it goes on meanwhile', (await property(vm, 'ActiveState')) === 'active')

  log('without dry-run')
  await vm.run('systemctl restart ballast')
  await pinned(vm)
  const status = await vm.run(command('status ballast'))
  expect('systemctl status has the last tick', /Status: "tick \d+/.test(status))
  expect('ballast status shows what was changed', /: was 1$/m.test(await vm.run(command('ballast status'))))

  log('stop')
  const { stopped, bare } = await timedStop(vm)
  expect(`stop takes 2 s at most beside the ${bare} s of a bare service (${stopped} s)`, stopped <= 2 + bare)
  expect('the unit ended well', (await property(vm, 'Result')) === 'success')
  broken.push(...(await notAsOwned(vm, owners)))

  log('watchdog')
  await vm.run('systemctl start ballast')
  await pinned(vm)
  const hung = await property(vm, 'MainPID')
  await vm.run(`kill -STOP ${hung}`)
  await vm.eventually(
    'systemd has started it again',
    `[ "$(systemctl show -P MainPID ballast)" != ${hung} ] && systemctl -q is-active ballast`,
  )
  expect('the watchdog killed what hung', (await journal(vm)).includes("result 'watchdog'"))

  log('killed, and restored as the page says')
  await vm.run('systemctl kill -s KILL ballast; systemctl stop ballast')
  await vm.run(command('ballast restore'))
  broken.push(...(await notAsOwned(vm, owners)))
  return judged('UNIT', broken, { stopSeconds: stopped, bareSeconds: bare, restarts: 1 })
}

function property(vm: HostVm, name: string): Promise<string> {
  return vm.run(`systemctl show -P ${name} ballast`)
}

function journal(vm: HostVm): Promise<string> {
  return vm.run('journalctl --no-pager -o cat -u ballast')
}

/** Waits until a guest has another affinity than its owner gave it. */
async function pinned(vm: HostVm): Promise<void> {
  const pins = 'virsh -q "vcpupin a 0; vcpupin b 0"'
  await vm.eventually('a guest is pinned', `${pins} | awk 'NF && $2 != 1 { n = 1 } END { exit !n }'`)
}

const uptime = 'cut -d" " -f1 /proc/uptime'

/**
 * What the control measurement stops: a service that sets the affinities that are to be restored when it is told to end, and
 * does nothing else.
 */
const bareService = `
  cat > /run/bare.sh << 'END'
trap 'virsh -q "vcpupin a 0 1; vcpupin b 0 1"; exit 0' TERM
touch /run/bare.ready
while :; do sleep 0.1; done
END
  systemd-run -q --unit=bare sh /run/bare.sh
  until [ -e /run/bare.ready ]; do sleep 0.2; done`

/** Seconds, by the host's own clock, that the unit took to stop, and that the bare service took. */
async function timedStop(vm: HostVm): Promise<{ readonly stopped: number; readonly bare: number }> {
  const timed = async (unit: string) => {
    const times = await vm.run(`${uptime}; systemctl stop ${unit}; ${uptime}`)
    const [before = 0, after = 0] = times.split('\n').map(Number)
    return Math.round((after - before) * 100) / 100
  }
  const stopped = await timed('ballast')
  await vm.run(bareService)
  return { stopped, bare: await timed('bare') }
}
