import type { Entry } from './run.ts'
import { run } from './run.ts'

/** What a worker answers: the result, or why there is none. */
process.on('message', (entry: Entry) => {
  run(entry).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit())
