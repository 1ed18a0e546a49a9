import type { MemoryEntry } from './run.ts'
import { runMemory } from './run.ts'

/** What a worker answers: the result, or why there is none. */
process.on('message', (entry: MemoryEntry) => {
  runMemory(entry).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit())
