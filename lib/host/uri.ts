/** The URI as it may be shown and logged: without the password that it may have before the host's name. */
export function withoutPassword(uri: string): string {
  return uri.replace(/^([^/?#]*:\/\/[^/?#:@]*):[^/?#]*@/, '$1@')
}
