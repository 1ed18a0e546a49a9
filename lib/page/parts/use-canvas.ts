import { useEffect, useRef } from 'preact/hooks'

const names = [
  'ink',
  'faint',
  'line',
  'surface',
  'load',
  'load-high',
  'line-load',
  'mark',
  'bad',
  'lacking',
  'well',
] as const

/** Colours of the theme that is on, from the style sheet. */
export type Colors = Readonly<Record<(typeof names)[number], string>>

export function colorsOf(element: Element): Colors {
  const style = getComputedStyle(element)
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Colors
}

/** Draws on a canvas in the next frame, sharp on every screen, and again when the theme changes. Pixels of the page. */
export function useCanvas(
  element: { readonly current: HTMLCanvasElement | null },
  width: number,
  height: number,
  draw: (context: CanvasRenderingContext2D, colors: Colors) => void,
): void {
  const latest = useRef(draw)
  latest.current = draw
  const frame = useRef(0)
  const request = useRef(() => {})
  request.current = () => {
    cancelAnimationFrame(frame.current)
    frame.current = requestAnimationFrame(() => {
      const canvas = element.current
      const context = canvas?.getContext('2d')
      if (!canvas || !context || width === 0 || height === 0) return
      const ratio = devicePixelRatio
      const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)]
      if (canvas.width !== w || canvas.height !== h) {
        canvas.width = w
        canvas.height = h
        canvas.style.width = `${width}px`
        canvas.style.height = `${height}px`
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0)
      context.clearRect(0, 0, width, height)
      latest.current(context, colorsOf(canvas))
    })
  }
  useEffect(() => request.current())
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)')
    const again = () => request.current()
    query.addEventListener('change', again)
    return () => {
      query.removeEventListener('change', again)
      cancelAnimationFrame(frame.current)
    }
  }, [])
}
