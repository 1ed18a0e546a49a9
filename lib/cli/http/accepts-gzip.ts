/** Whether whoever sent this Accept-Encoding header reads gzip; who sent none may not, as a script with a plain client. */
export function acceptsGzip(header = ''): boolean {
  const weights = new Map<string, number>()
  for (const one of header.toLowerCase().split(',')) {
    const [, coding, weight = '1'] = /^\s*([\w*-]+)\s*(?:;\s*q=([\d.]+)\s*)?$/.exec(one) ?? []
    if (coding !== undefined) weights.set(coding, Number(weight))
  }
  return (weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? 0) > 0
}
