import type { HostEvent, HostListener } from '../host/host.ts'

/** Who is told what happens on a host. */
export class Listeners {
  readonly #listeners = new Set<HostListener>()

  subscribe(listener: HostListener): () => void {
    // Wrapped, so that a function that subscribed twice is called twice.
    const entry: HostListener = (event) => listener(event)
    this.#listeners.add(entry)
    return () => this.#listeners.delete(entry)
  }

  emit(event: HostEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event)
      } catch (error) {
        // The physics go on; the error surfaces as any other uncaught one.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
