import { timeText } from '../../recording/text.ts'
import { printable } from '../../util/printable.ts'
import { connection, info, problem, shown } from '../data/state.ts'

const connectionTexts = {
  connecting: 'connecting',
  live: 'live',
  recording: 'recording',
  lost: 'connection lost',
  'token-needed': 'token needed',
}

/** Which host it is, and how the page knows of it. */
export function Header() {
  const known = info.value
  const setup = shown.value?.setup
  const policies = setup
    ? [setup.scheduler, setup.ballooning, setup.ksm].filter((name) => name !== undefined).join(', ')
    : ''
  const isLost = connection.value === 'lost'
  return (
    <header>
      <h1>Ballast{known && <span class="uri">{printable(known.uri)}</span>}</h1>
      {policies !== '' && <span class="policies">policies: {policies}</span>}
      {setup?.dryRun && <strong class="badge">dry run: nothing is changed</strong>}
      <span class={`connection ${connection.value}`} role="status" title={isLost ? problem.value : undefined}>
        {connectionTexts[connection.value]}
        {known?.kind === 'recording' &&
          !known.isWhole &&
          `, read up to ${timeText(known.pieces.at(-1)?.to ?? 0)}`}
        {isLost && `: ${problem.value}; trying again`}
      </span>
    </header>
  )
}
