import { type FleetEntry, runFleet } from './run.ts'

/** What a worker answers: the result, or why there is none. */
process.on('message', (entry: FleetEntry) => {
  runFleet(entry).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit())
