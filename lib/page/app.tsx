import { useSignal } from '@preact/signals'
import { connect } from './data/connect.ts'
import { place } from './data/location.ts'
import { connection, info, moments, problem, shown } from './data/state.ts'
import { Decisions } from './parts/decisions.tsx'
import { Fleet } from './parts/fleet.tsx'
import { GuestPanel } from './parts/guest-panel.tsx'
import { GuestTable } from './parts/guest-table.tsx'
import { Header } from './parts/header.tsx'
import { HostMap } from './parts/host-map.tsx'
import { Summary } from './parts/summary.tsx'
import { clockText } from './parts/texts.tsx'
import { TimeBar } from './parts/time-bar.tsx'
import { TokenForm } from './parts/token-form.tsx'
import { WhatIf } from './parts/what-if.tsx'

/** The page. */
export function App() {
  const filter = useSignal('')
  if (connection.value === 'token-needed') {
    return (
      <TokenForm
        onToken={() => {
          connection.value = 'connecting'
          void connect()
        }}
      />
    )
  }
  const moment = shown.value
  const isLost = connection.value === 'lost'
  return (
    <>
      <Header />
      {moment ? (
        <main class={isLost ? 'stale' : undefined}>
          {isLost && (
            <p class="stale-note" role="alert">
              Ballast does not answer: it has ended, or cannot be reached. This is how the host was at{' '}
              {clockText(moments.value.at(-1)!.tick.wallTime)}, and not how it is now.
            </p>
          )}
          <Summary moment={moment} />
          {moment.fleet && <Fleet figures={moment.fleet} />}
          <TimeBar />
          {place.value.guest !== undefined && <GuestPanel moment={moment} uuid={place.value.guest} />}
          <div class="columns">
            <HostMap moment={moment} />
            <GuestTable moment={moment} filter={filter} />
            <Decisions moment={moment} />
          </div>
          {info.value?.policies && <WhatIf info={info.value} policies={info.value.policies} />}
        </main>
      ) : (
        <main>
          <p class="waiting" role="status">
            {isLost ? `No answer: ${problem.value}` : 'Waiting for the first tick'}
          </p>
        </main>
      )}
    </>
  )
}
