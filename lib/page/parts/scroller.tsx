import type { ComponentChildren, Ref } from 'preact'

interface ScrollerProps {
  readonly name: string
  readonly children: ComponentChildren
  readonly box?: Ref<HTMLElement>
  readonly onScroll?: () => void
}

/** A part that scrolls by itself. */
export function Scroller({ name, children, box, onScroll }: ScrollerProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the only way to scroll it by keyboard
    <section class="scroller" aria-label={name} tabIndex={0} {...(box && { ref: box })} onScroll={onScroll}>
      {children}
    </section>
  )
}
