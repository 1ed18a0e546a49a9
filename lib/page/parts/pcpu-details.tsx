import { printable } from '../../util/printable.ts'
import type { Moment } from '../data/history.ts'
import { GuestLink, percentText } from './texts.tsx'

/** vCPUs that are listed. */
const mostVcpus = 12

/** One pCPU in words: where it is, how busy, and with what. */
export function PcpuDetails({ moment, position }: { readonly moment: Moment; readonly position: number }) {
  const { tick, inventory } = moment
  const pcpu = inventory.pcpus[position]
  if (!pcpu) return null
  const busy = tick.pcpus.busy[position]
  const background = tick.pcpus.background[position]
  const unusable = tick.pcpus.unusable[pcpu.id]
  const here = vcpusOn(moment, pcpu.id)
  const facts = [
    `socket ${pcpu.socket}, cell ${pcpu.cell}, core ${pcpu.core}`,
    busy == null ? 'load not known' : `${percentText(busy / 1_000)} busy`,
    ...(background == null ? [] : [`${percentText(background / 1_000)} of it no guest`]),
    ...(pcpu.capacity < 1 ? [`capacity ${percentText(pcpu.capacity)}`] : []),
  ]
  return (
    <div class="pcpu-details">
      <p>
        <b>pCPU {pcpu.id}</b>: {facts.join(', ')}
        {unusable && `. ${printable(unusable.text)}`}
      </p>
      <ul class="inline">
        {here.slice(0, mostVcpus).map(({ uuid, name, vcpu, usage }) => (
          <li key={`${uuid} ${vcpu}`}>
            <GuestLink uuid={uuid} name={name} />/{vcpu} {percentText(usage)}
          </li>
        ))}
        {here.length > mostVcpus && <li>and {here.length - mostVcpus} more</li>}
        {here.length === 0 && <li class="faint">no vCPU ran here last</li>}
      </ul>
    </div>
  )
}

function vcpusOn({ tick, inventory }: Moment, id: number) {
  const found: { uuid: string; name: string; vcpu: number; usage: number | undefined }[] = []
  let first = 0
  for (const { uuid, name, vcpus } of inventory.guests) {
    for (let vcpu = 0; vcpu < vcpus; vcpu++) {
      if (tick.vcpus.pcpu[first + vcpu] !== id) continue
      const usage = tick.vcpus.usage[first + vcpu]
      found.push({ uuid, name, vcpu, usage: usage == null ? undefined : usage / 1_000 })
    }
    first += vcpus
  }
  return found.sort((a, b) => (b.usage ?? 0) - (a.usage ?? 0))
}
