import { isMove } from '../policy/plan.ts'
import { counted, formatPercent } from '../util/format.ts'
import { printable } from '../util/printable.ts'
import { mean } from '../util/statistics.ts'
import { deviationOf, pcpuDemands } from '../view/cpu/pcpu-loads.ts'
import { lowestScore } from '../view/score/scores.ts'
import type { View } from '../view/view.ts'
import type { Outcome, Tick } from './tick.ts'

/**
 * A tick in one line, for people: `tick 3: 8 guests, deviation 4.1 %, lowest score 87 (web1, CPU), 6 pins (5 moves), memory
 * 3 changes, 1 stuck`; when nothing was to be done, `tick 9: 8 guests, deviation 1.2 %, lowest score 99 (web1, CPU), no
 * change`. A tick between two intervals begins with `tick 4, emergency: `.
 */
export function summarize(tick: Omit<Tick, 'summary'>): string {
  const { view, outcomes, errors } = tick
  const stuck = view.domains.filter((domain) => domain.memory.hold === 'stuck').length
  const done = outcomes.filter(({ status }) => status !== 'failed')
  const failed = outcomes.length - done.length
  const parts = [
    counted(view.domains.length, 'guest'),
    deviation(view),
    lowest(tick),
    changes(view, done),
    tick.rollbacks && `rolled back ${counted(tick.rollbacks.flatMap(({ plan }) => plan).length, 'change')}`,
    failed > 0 && `${failed} failed`,
    stuck > 0 && `${stuck} stuck`,
    outcomes.length === 0 && errors.length === 0 && 'no change',
    errors[0] && `${counted(errors.length, 'error')}: ${errors[0].message}`,
  ]
  const cause = tick.cause === 'emergency' ? ', emergency' : ''
  return printable(`tick ${tick.index}${cause}: ${parts.filter(Boolean).join(', ')}`)
}

/** Mean demand on a pCPU below which there is nothing to balance, and the deviation is that of noise. */
const worthTelling = 0.05

/** How unlike the loads of the pCPUs are: standard deviation of the demand on them, in percent of a pCPU. */
function deviation(view: View): string | undefined {
  const isWorthTelling = mean(pcpuDemands(view)) >= worthTelling
  return isWorthTelling ? `deviation ${formatPercent(deviationOf(view))}` : undefined
}

/** The lowest score of all guests, as far as they are known: `lowest score 87 (web1, memory)`. */
export function lowest({ view, scores }: Pick<Tick, 'view' | 'scores'>): string | undefined {
  const found = lowestScore(scores)
  if (!found) return undefined
  if (found.points === 100) return 'all scores 100'
  const what = found.of === 'cpu' ? 'CPU' : 'memory'
  return `lowest score ${found.points} (${view.domains[found.row]!.name}, ${what})`
}

function changes(view: View, done: readonly Outcome[]): string | undefined {
  if (done.length === 0) return undefined
  const actions = done.map(({ action }) => action)
  const pins = actions.filter(({ kind }) => kind === 'pin').length
  const moves = actions.filter((action) => isMove(action, view)).length
  const sizes = actions.filter(({ kind }) => kind === 'setMemory').length
  const shares = actions.length - pins - sizes
  const parts = [
    pins > 0 && `${counted(pins, 'pin')} (${counted(moves, 'move')})`,
    shares > 0 && `shares ${counted(shares, 'change')}`,
    sizes > 0 && `memory ${counted(sizes, 'change')}`,
  ]
  return `${done[0]?.status === 'dry-run' ? 'dry run: ' : ''}${parts.filter(Boolean).join(', ')}`
}
