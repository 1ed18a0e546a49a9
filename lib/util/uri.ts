/**
 * The URI as it may be shown and logged: without the password that it may have before the host's name. A password that
 * is not encoded as RFC 3986 wants it goes too: it may contain an `@`, and, where no `@` follows the `?` or `#`, these
 * two as well.
 */
export function withoutPassword(uri: string): string {
  const { before, password, after } = split(uri)
  return password === undefined ? uri : before + after
}

/**
 * Text with every URI in it as {@link withoutPassword} has it: what a user typed may be quoted in an error. A URI ends
 * where a blank comes.
 */
export function withoutPasswords(text: string): string {
  return text.split(/(\s+)/).map(withoutPassword).join('')
}

/** What was said about `uri`, without its password, in whatever part of the URI or form that is quoted there. */
export function withoutPasswordOf(uri: string, text: string): string {
  const { password } = split(uri)
  const shown = text.replaceAll(uri, withoutPassword(uri))
  if (!password) return shown
  return shown.replaceAll(password, '***').replaceAll(decoded(password), '***')
}

/** `before` ends with the user's name, `after` begins with the `@`. */
function split(uri: string): {
  readonly before: string
  readonly password: string | undefined
  readonly after: string
} {
  // Digits alone up to the path are a port, and colons in brackets belong to an IPv6 address.
  const match = /^([^/?#]*:\/\/[^/?#:[]*):(?!\d+(?:[/?#]|$))(.*)$/s.exec(uri)
  const [, before = '', rest = ''] = match ?? []
  const path = rest.split(/[?#]/, 1)[0]!
  const end = path.includes('@') ? path.lastIndexOf('@') : rest.lastIndexOf('@')
  if (end < 0) return { before: uri, password: undefined, after: '' }
  return { before, password: rest.slice(0, end), after: rest.slice(end) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return text
    throw error
  }
}

/** The host that a URI of libvirt names; undefined: this machine. */
export function hostOfUri(uri: string): string | undefined {
  return /^[^/]*:\/\/(?:[^/]*@)?([^/:?#[]+)/.exec(uri)?.[1]
}
