import { useEffect, useRef, useState } from 'preact/hooks'
import { timeText } from '../../recording/text.ts'
import { go, place } from '../data/location.ts'
import { connection, info, overview, shown } from '../data/state.ts'
import { drawOverview } from './draw-overview.ts'
import { useCanvas } from './use-canvas.ts'

/** Pixels. */
const height = 56

/** All of the time that is known: lowest score and changes, and a slider that goes to a moment of it. */
export function TimeBar() {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const box = canvas.current!.parentElement!
    const observer = new ResizeObserver(() => setWidth(box.clientWidth))
    observer.observe(box)
    return () => observer.disconnect()
  }, [])
  const { wallTime } = overview.value
  const last = wallTime.length - 1
  // Where one has gone to, also while that is not loaded yet: a slider that is dragged must not jump back.
  const wanted = place.value.at ?? shown.value?.tick.wallTime ?? 0
  const index = Math.max(
    0,
    wallTime.findLastIndex((time) => time <= wanted),
  )
  const at = wallTime[index] ?? wanted
  useCanvas(canvas, width, height, (context, colors) =>
    drawOverview(context, colors, overview.value, { width, height, index }),
  )
  const isLive = info.value?.kind === 'live'
  const isNewest = place.value.at === undefined
  const goTo = (position: number) => {
    const wanted = Math.min(last, Math.max(0, position))
    go({ at: wanted === last && isLive ? undefined : wallTime[wanted] })
  }
  return (
    <section class="time" aria-label="Time">
      <div class="heading">
        <span class="now">
          <b>{timeText(at)}</b> {isLive && isNewest ? '(now)' : ''}
        </span>
        <span class="buttons">
          <button type="button" onClick={() => goTo(0)} aria-label="First moment">
            |◀
          </button>
          <button type="button" onClick={() => goTo(index - 1)} aria-label="Tick before">
            ◀
          </button>
          <button type="button" onClick={() => goTo(index + 1)} aria-label="Tick after">
            ▶
          </button>
          <button type="button" onClick={() => go({ at: undefined })} aria-pressed={isNewest}>
            {connection.value === 'recording' ? 'End' : 'Live'}
          </button>
        </span>
        <span class="faint">
          lowest score over {wallTime.length} ticks from {timeText(wallTime[0] ?? at)}; marks below are
          changes
        </span>
      </div>
      <div class="strip">
        <canvas ref={canvas} />
        <input
          type="range"
          min={0}
          max={Math.max(0, last)}
          value={index}
          aria-label="Moment that is shown"
          aria-valuetext={timeText(at)}
          onInput={({ currentTarget }) => goTo(Number(currentTarget.value))}
        />
      </div>
    </section>
  )
}
