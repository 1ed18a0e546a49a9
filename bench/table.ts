import type { Changes } from './changes.ts'
import type { PassName } from './passes.ts'
import type { Spread } from './spread.ts'
import { type Check, judge, loopDelayLimit, type Round } from './verdict.ts'

const rows: readonly { readonly pass: PassName; readonly label: string; readonly against?: PassName }[] = [
  { pass: 'rawVcpu', label: 'raw C           VCPU' },
  { pass: 'pythonVcpu', label: 'libvirt-python  VCPU', against: 'rawVcpu' },
  { pass: 'cpuProc', label: 'Ballast         CPU from /proc', against: 'rawVcpu' },
  { pass: 'cpuLibvirt', label: 'Ballast         CPU through libvirt', against: 'rawVcpu' },
  { pass: 'rawFull', label: 'raw C           STATE, VCPU, BALLOON' },
  { pass: 'pythonFull', label: 'libvirt-python  STATE, VCPU, BALLOON', against: 'rawFull' },
  { pass: 'full', label: 'Ballast         CPU and memory', against: 'rawFull' },
]

/** The figures of a round for people. */
export function roundTable(round: Round): string {
  const checks = judge(round)
  const { round: name, domains, spinning, ms, loopDelay } = round
  const who = spinning > 0 ? `${domains - spinning} paused, ${spinning} spinning` : `${domains} paused`
  const body = rows.map(({ pass, label, against }) => {
    const ratio = against === undefined ? '' : (ms[pass].median / ms[against].median).toFixed(3)
    return line(label, ms[pass], ratio, limitOf(checks, pass))
  })
  const held = `JS thread held ${loopDelay.p99.toFixed(2)} ms at p99 (most ${loopDelay.most.toFixed(2)}), busy ${loopDelay.busyPerWork.toFixed(2)} ms for each full sample`
  const heldLimit = limitOf(checks, 'loopDelay') || `no limit here; ${loopDelayLimit} ms on the idle host`
  return [
    `The ${name} host: ${who}; milliseconds per pass`,
    `${''.padEnd(36)}${'median'.padStart(10)}${'middle half'.padStart(20)}${'of raw C'.padStart(10)}`,
    ...body,
    `${held} (${heldLimit.trim()})`,
  ].join('\n')
}

/** The same for what changes of the set cost. */
export function changesTable({ firstSample, oneChanged }: Changes): string {
  return [
    'CPU samples from /proc that find threads; milliseconds',
    line('all domains are new', firstSample, '', ''),
    line('one domain came or went', oneChanged, '', ''),
  ].join('\n')
}

function line(label: string, spread: Spread, ratio: string, limit: string): string {
  const half = `${milliseconds(spread.lowerQuartile)} to ${milliseconds(spread.upperQuartile)}`
  const cells = `${milliseconds(spread.median).padStart(10)}${half.padStart(20)}${ratio.padStart(10)}`
  return `${label.padEnd(36)}${cells}${limit}`.trimEnd()
}

function limitOf(checks: readonly Check[], what: Check['what']): string {
  const check = checks.find((one) => one.what === what)
  return check ? `  at most ${check.limit}: ${check.passed ? 'met' : 'MISSED'}` : ''
}

function milliseconds(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(1)
}
