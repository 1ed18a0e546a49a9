import { setToken } from '../data/requests.ts'

/** Asks for the token, which the server knows from its file. */
export function TokenForm({ onToken }: { readonly onToken: () => void }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const token = new FormData(event.currentTarget as HTMLFormElement).get('token')
    setToken(String(token ?? '').trim())
    onToken()
  }
  return (
    <main class="token">
      <h1>Ballast</h1>
      <form onSubmit={submit}>
        <label for="token">Token of this page, from the file that its --serve-token or --token names</label>
        <input id="token" name="token" type="password" required autocomplete="off" />
        <button type="submit">Show the host</button>
      </form>
    </main>
  )
}
