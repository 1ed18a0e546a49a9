import { Stage } from '../../test/lab/cases/case.ts'
import type { CaseOf } from './case-of.ts'
import { type CpuCase, type CpuFigures, cpuCases, measureCpu } from './cpu.ts'
import { type MemoryCase, type MemoryFigures, measureMemory, memoryCases } from './memory.ts'
import { cpuPeers, memoryPeers, type Peer } from './peer.ts'
import { judgeCpu, judgeMemory } from './verdict.ts'

export interface PeersOptions {
  /** Runs of each case for each CPU peer: their spread is the noise. */
  readonly turns: number
  /** Cases whose names begin so. Default: all. */
  readonly only?: string | undefined
  readonly sides: readonly ('cpu' | 'memory')[]
  readonly signal: AbortSignal
}

export interface PeersFigures {
  readonly bench: 'peers'
  readonly passed: boolean
  readonly cpu: readonly CaseOf<CpuFigures>[]
  readonly memory: readonly CaseOf<MemoryFigures>[]
  /** Where another was better, or nothing was shown: in words. */
  readonly missed: readonly string[]
  /** Peers that could not be had, and why. */
  readonly unavailable: Readonly<Record<string, string>>
}

/** Has every peer manage the same real guests, one after the other. */
export async function measurePeers(
  { turns, only = '', sides, signal }: PeersOptions,
  log: (line: string) => void,
): Promise<PeersFigures> {
  const unavailable: Record<string, string> = {}
  const available = (peers: readonly Peer[]) =>
    peers.filter((peer) => {
      const why = peer.unavailable?.()
      if (why !== undefined) unavailable[peer.name] = why
      return why === undefined
    })
  const chosen = <Name extends string>(names: readonly Name[]) =>
    names.filter((name) => name.startsWith(only))
  const cpuChosen = sides.includes('cpu') ? chosen(cpuCases) : []
  const memoryChosen = sides.includes('memory') ? chosen(Object.keys(memoryCases) as MemoryCase[]) : []

  await using stage = await Stage.set({ system: false, off: false, log: () => {} })
  const take = async <Figures>(
    name: string,
    peers: readonly Peer[],
    times: number,
    measure: (peer: Peer) => Promise<Figures>,
  ): Promise<CaseOf<Figures>> => {
    const taken = new Map<string, Figures[]>(peers.map(({ name }) => [name, []]))
    for (let turn = 0; turn < times; turn++) {
      // Every second turn goes backwards, so that none always follows the same other one.
      for (const peer of turn % 2 === 0 ? peers : peers.toReversed()) {
        signal.throwIfAborted()
        const figures = await measure(peer)
        taken.get(peer.name)!.push(figures)
        log(`${name}, ${peer.title}: ${JSON.stringify(figures, rounded)}`)
      }
    }
    return { case: name, peers: Object.fromEntries(taken) }
  }
  const cpu: CaseOf<CpuFigures>[] = []
  for (const name of cpuChosen satisfies readonly CpuCase[]) {
    cpu.push(await take(name, available(cpuPeers), turns, (peer) => measureCpu(stage, name, peer, signal)))
  }
  const memory: CaseOf<MemoryFigures>[] = []
  for (const name of memoryChosen) {
    memory.push(
      await take(name, available(memoryPeers), 1, (peer) => measureMemory(stage, name, peer, signal)),
    )
  }
  const missed = [...cpu.flatMap(judgeCpu), ...memory.flatMap(judgeMemory)]
  return { bench: 'peers', passed: missed.length === 0, cpu, memory, missed, unavailable }
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toFixed(1)) : value
}
