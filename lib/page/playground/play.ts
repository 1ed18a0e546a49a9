import type { FeedMessage } from '../../report/feed/messages.ts'
import { follow } from '../data/connect.ts'
import { go } from '../data/location.ts'
import { changes, connection, info, moments, problem } from '../data/state.ts'
import type { Choice } from './choice.ts'

/** Begins a simulated host anew, and gives what ends it. */
export function play(choice: Choice): () => void {
  moments.value = []
  changes.value = []
  connection.value = 'connecting'
  info.value = { kind: 'live', ballast: '', uri: `simulated host, scenario ${choice.scenario}` }
  go({ at: undefined, guest: undefined })
  const world = new Worker(new URL('./world.ts', import.meta.url), { type: 'module' })
  const messages = new Messages()
  world.onmessage = ({ data }: MessageEvent<FeedMessage[]>) => messages.push(data)
  world.onerror = ({ message }) => {
    problem.value = message
    connection.value = 'lost'
  }
  world.postMessage(choice)
  void follow(messages)
  return () => {
    messages.end()
    world.terminate()
  }
}

/** Batches that come one after the other, for whoever waits for them. */
class Messages implements AsyncIterable<FeedMessage[]> {
  #batches: FeedMessage[][] = []
  #wake: () => void = () => undefined
  #isEnded = false

  push(batch: FeedMessage[]): void {
    this.#batches.push(batch)
    this.#wake()
  }

  end(): void {
    this.#isEnded = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FeedMessage[], void, undefined> {
    while (!this.#isEnded) {
      const batch = this.#batches.shift()
      if (batch) yield batch
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    }
  }
}
