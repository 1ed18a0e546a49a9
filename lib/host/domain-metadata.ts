/**
 * XML namespace of what Ballast reads from a domain's metadata: one element, as in
 * `<ballast:settings xmlns:ballast='https://ballast.dev/xmlns/domain/1' managed='no'/>`. It is a name, and
 * is never fetched.
 */
export const metadataNamespace = 'https://ballast.dev/xmlns/domain/1'
