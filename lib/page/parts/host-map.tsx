import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Moment } from '../data/history.ts'
import { place } from '../data/location.ts'
import { layoutMap, type MapLayout } from '../figures/map-layout.ts'
import { drawMap } from './draw-map.ts'
import { PcpuDetails } from './pcpu-details.tsx'
import { useCanvas } from './use-canvas.ts'

/** The pCPUs of the host by socket, cell, cache and core, each filled as far as it is busy. */
export function HostMap({ moment }: { readonly moment: Moment }) {
  const { pcpus } = moment.inventory
  const [selected, select] = useState(0)
  const layoutRef = useRef<MapLayout>(undefined)
  const canvas = useRef<HTMLCanvasElement>(null)
  const width = useWidth(canvas)
  const layout = useMemo(() => (width > 0 ? layoutMap(pcpus, width) : undefined), [pcpus, width])
  layoutRef.current = layout
  const marked = useMemo(() => pcpusOf(moment, place.value.guest), [moment, place.value.guest])
  useCanvas(canvas, layout?.width ?? 0, layout?.height ?? 0, (context, colors) => {
    if (layout) drawMap(context, colors, layout, moment, { selected, marked })
  })
  const key = (event: KeyboardEvent) => {
    const step = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: 1,
      ArrowUp: -1,
      Home: -pcpus.length,
      End: pcpus.length,
    }[event.key]
    if (step === undefined) return
    event.preventDefault()
    select((before) => Math.min(pcpus.length - 1, Math.max(0, before + step)))
  }
  const point = (event: MouseEvent) => {
    const found = layoutRef.current?.pcpus.findIndex(
      ({ x, y, width, height }) =>
        event.offsetX >= x && event.offsetX < x + width && event.offsetY >= y && event.offsetY < y + height,
    )
    if (found !== undefined && found >= 0) select(found)
  }
  const position = Math.min(selected, pcpus.length - 1)
  const busy = moment.tick.pcpus.busy[position]
  return (
    <section class="map" aria-label="Map of the host">
      <h2>Physical CPUs</h2>
      <canvas
        ref={canvas}
        tabIndex={0}
        role="slider"
        aria-label="pCPU of the map; arrow keys go to the next"
        aria-valuemin={0}
        aria-valuemax={pcpus.length - 1}
        aria-valuenow={position}
        aria-valuetext={`pCPU ${pcpus[position]?.id}: ${busy == null ? 'load not known' : `${Math.round(busy / 10)} % busy`}`}
        onKeyDown={key}
        onClick={point}
        onMouseMove={point}
      />
      <PcpuDetails moment={moment} position={position} />
    </section>
  )
}

/** The pCPUs that a guest's vCPUs ran on last, by number. */
function pcpusOf({ tick, inventory }: Moment, uuid: string | undefined): ReadonlySet<number> {
  const found = new Set<number>()
  let first = 0
  for (const guest of inventory.guests) {
    if (guest.uuid === uuid) {
      for (const pcpu of tick.vcpus.pcpu.slice(first, first + guest.vcpus)) if (pcpu !== null) found.add(pcpu)
    }
    first += guest.vcpus
  }
  return found
}

/** The width that an element's parent leaves it, in pixels. */
function useWidth(element: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const parent = element.current?.parentElement
    if (!parent) return
    const measure = () => {
      const { paddingLeft, paddingRight } = getComputedStyle(parent)
      setWidth(
        Math.floor(parent.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight)),
      )
    }
    const observer = new ResizeObserver(measure)
    observer.observe(parent)
    return () => observer.disconnect()
  }, [element])
  return width
}
