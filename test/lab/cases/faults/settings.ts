import type { Guest } from '../../guest.ts'
import { until } from '../../processes.ts'
import { virsh } from '../../virsh.ts'

/** What Ballast may change of a guest, as another client of libvirt sees it. */
export interface GuestSettings {
  readonly guest: string
  /** CPU list of each vCPU. */
  readonly affinity: readonly string[]
  /** Size of the balloon in KiB. */
  readonly memoryKiB: number
}

function settingsOf(uri: string, guests: readonly Guest[]): Promise<GuestSettings[]> {
  return Promise.all(
    guests.map(async ({ name, domain }) => {
      const pins = await virsh(uri, 'vcpupin', domain)
      const memory = await virsh(uri, 'dommemstat', domain)
      return {
        guest: name,
        affinity: pins.split('\n').map((line) => line.trim().split(/\s+/)[1] ?? ''),
        memoryKiB: Number(/^actual (\d+)$/m.exec(memory)?.[1]),
      }
    }),
  )
}

/** The same, once no balloon moves any more. */
export async function settingsAtRest(uri: string, guests: readonly Guest[]): Promise<GuestSettings[]> {
  let before = await settingsOf(uri, guests)
  return until(
    'the balloons are at rest',
    60_000,
    async () => {
      const now = await settingsOf(uri, guests)
      const isAtRest = differences(before, now).length === 0
      before = now
      return isAtRest && now
    },
    1_000,
  )
}

/** Each setting that is not as it was `before`, in words. Balloons are given the time that they take to move. */
export async function changedSince(
  before: readonly GuestSettings[],
  uri: string,
  guests: readonly Guest[],
): Promise<string[]> {
  const look = async () => differences(before, await settingsOf(uri, guests))
  await until('the balloons have moved', 20_000, async () => (await look()).length === 0, 200).catch(
    () => undefined,
  )
  return look()
}

function differences(before: readonly GuestSettings[], after: readonly GuestSettings[]): string[] {
  return before.flatMap((was, i) => {
    const is = after[i]!
    const [from, to] = [was.affinity.join(' '), is.affinity.join(' ')]
    return [
      ...(from === to ? [] : [`${was.guest} is pinned to ${to}, was to ${from}`]),
      ...(was.memoryKiB === is.memoryKiB
        ? []
        : [`${was.guest} has ${is.memoryKiB} KiB, had ${was.memoryKiB}`]),
    ]
  })
}
