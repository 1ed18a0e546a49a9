import type { Tick } from '../../lib/control/tick.ts'
import { isRunning } from '../../lib/host/sample.ts'
import { placeOf } from '../../lib/view/cpu/placement.ts'
import { markMoves } from './moves.ts'
import { colourOf, figure, innerWidth, margin, type PlotOptions, svg, TimeAxis, text } from './plot.ts'

const lane = 17
const gap = 3

/** A vCPU that stays on one pCPU for a while. */
interface Stay {
  readonly from: number
  to: number
  readonly place: number
  readonly pinned: boolean
}

/**
 * Where each vCPU is over time, as an SVG document: a lane for each, coloured by the pCPU that it is on, whose number
 * stands in it. Pale is a vCPU that may run on other pCPUs too; an empty lane one that does not run.
 */
export function plotPlacement(ticks: readonly Tick[], options: PlotOptions = {}): string {
  const times = ticks.map(({ view }) => view.time)
  const last = times.at(-1) ?? 0
  const end = last + (last - (times.at(-2) ?? last))
  const axis = new TimeAxis(times[0] ?? 0, end)
  const lanes = lanesOf(ticks, end)
  const bottom = margin.top + lanes.length * (lane + gap)
  return svg(options.title ?? 'On which pCPU each vCPU is', bottom + margin.bottom, [
    ...axis.draw(bottom),
    text('number and colour: pCPU; pale: free to run elsewhere', {
      x: margin.left + innerWidth,
      y: bottom + 31,
      anchor: 'end',
      of: 'soft',
    }),
    ...lanes.flatMap(([name, stays], index) => {
      const y = margin.top + index * (lane + gap)
      return [
        text(name, { x: margin.left - 8, y: y + 13, anchor: 'end' }),
        ...stays.flatMap((stay) => bar(stay, y, axis)),
      ]
    }),
    ...markMoves(ticks, axis, bottom),
  ])
}

function bar({ from, to, place, pinned }: Stay, y: number, axis: TimeAxis): string[] {
  const x = axis.x(from)
  const width = axis.x(to) - x
  const pale = pinned ? '' : ' fill-opacity=".45"'
  const number = `${place}`
  return [
    `<rect x="${figure(x)}" y="${y}" width="${figure(Math.max(1, width - 1))}" height="${lane}" rx="2" fill="${colourOf(place)}"${pale}/>`,
    ...(width > 8 + 7 * number.length ? [text(number, { x: x + 5, y: y + 13, of: 'on' })] : []),
  ]
}

function lanesOf(ticks: readonly Tick[], end: number): [name: string, stays: Stay[]][] {
  const lanes = new Map<string, { name: string; stays: Stay[] }>()
  for (const [at, { view }] of ticks.entries()) {
    const until = ticks[at + 1]?.view.time ?? end
    for (const vcpu of view.vcpus) {
      const place = placeOf(vcpu)
      if (place === undefined || !isRunning(vcpu.domain.state)) continue
      const { uuid, name, vcpus } = vcpu.domain
      const key = `${uuid} ${vcpu.vcpu}`
      const own = lanes.get(key) ?? { name: vcpus.length > 1 ? `${name} ${vcpu.vcpu}` : name, stays: [] }
      lanes.set(key, own)
      const before = own.stays.at(-1)
      const pinned = vcpu.affinity?.size === 1
      if (before && before.to === view.time && before.place === place && before.pinned === pinned) {
        before.to = until
      } else {
        own.stays.push({ from: view.time, to: until, place, pinned })
      }
    }
  }
  return Array.from(lanes.values(), ({ name, stays }) => [name, stays])
}
