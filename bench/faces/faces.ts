import { size } from './large-ticks.ts'
import { measurePage, type PageFigures } from './page.ts'
import { measureServer, type ServerFigures } from './server.ts'
import { measureTop, type TopFigures } from './top.ts'

export interface FacesFigures {
  readonly bench: 'faces'
  readonly passed: boolean
  readonly size: typeof size
  readonly page: PageFigures
  readonly server: ServerFigures
  readonly top: TopFigures
}

/** What it costs to show a large host that makes a Tick a second. */
export async function measureFaces(log: (line: string) => void): Promise<FacesFigures> {
  const page = await measurePage(log)
  const server = await measureServer(log)
  const top = await measureTop(log)
  const passed = page.passed && server.passed && top.passed
  return { bench: 'faces', passed, size, page, server, top }
}
