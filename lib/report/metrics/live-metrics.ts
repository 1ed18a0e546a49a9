import { type Families, plain, seconds } from './family.ts'

/** What is different at each scrape. */
export interface Live {
  /** Milliseconds since the last Tick began. */
  readonly tickAge: number
  /** Of the process, in microseconds: see `process.cpuUsage()`. */
  readonly cpu: NodeJS.CpuUsage
  /** Bytes. */
  readonly resident: number
  /** Milliseconds since the epoch. */
  readonly startTime: number
}

/** What is made anew at each scrape, the process under the names that all clients of Prometheus have. */
export const liveMetrics: Families<Live> = {
  ballast_tick_age_seconds: plain(
    'gauge',
    'Time since the last tick began; before the first, since Ballast began.',
    ({ tickAge }) => seconds(tickAge),
  ),
  process_cpu_seconds_total: plain(
    'counter',
    'CPU time of Ballast.',
    ({ cpu }) => (cpu.user + cpu.system) / 1e6,
  ),
  process_resident_memory_bytes: plain('gauge', 'Resident memory of Ballast.', ({ resident }) => resident),
  process_start_time_seconds: plain('gauge', 'When Ballast began, since the epoch.', ({ startTime }) =>
    seconds(startTime),
  ),
}

export function liveFigures(tickAge: number): Live {
  return {
    tickAge,
    cpu: process.cpuUsage(),
    resident: process.memoryUsage.rss(),
    startTime: performance.timeOrigin,
  }
}
