import type { FeedMessage } from '../../report/feed/messages.ts'
import { ask } from './requests.ts'

/**
 * Messages of the server as they come, in the batches in which they come. By `fetch` and not by an EventSource, which can send no
 * token. Ends when the server ends it.
 */
export async function* events(signal: AbortSignal): AsyncGenerator<FeedMessage[], void, undefined> {
  const { body } = await ask('events', signal)
  if (!body) return
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const pieces = (rest + value).split('\n\n')
    rest = pieces.pop() ?? ''
    const messages = pieces.flatMap(messageIn)
    if (messages.length > 0) yield messages
  }
}

/** An event has one line here; a comment has none. */
function messageIn(event: string): FeedMessage[] {
  return event.startsWith('data: ') ? [JSON.parse(event.slice('data: '.length))] : []
}
