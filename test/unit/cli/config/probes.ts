import { isGroupOfKinds, type OptionKinds } from '../../../../lib/policy/option-kinds.ts'
import { kebabCase } from '../../../../lib/util/kebab-case.ts'

/** What an option may be told, rightly or wrongly. */
const values = [
  ...['', '~', '{}', '[]', '[1]', '[[1]]', '{a: 1}', 'true', 'false', 'yes', 'none', 'x', "''", "' '", "'7'"],
  ...[
    '-1',
    '0',
    '0.05',
    '0.5',
    '0.99',
    '1',
    '1.5',
    '2',
    '7',
    '86400',
    '86401',
    '262144',
    '262145',
    '1000000',
    '1000001',
  ],
  ...['65535', '65536', '99999', '123456', "'00080'", "'65535'", "'65536'", "'0.1'", "'.5'", "'5.'", "'1e3'"],
  ...[
    '0GiB',
    '0.0MiB',
    '0.50MiB',
    '2GiB',
    '2gIb',
    '1.5g',
    '512 MiB',
    '2 parsec',
    '2',
    'GiB',
    '-2GiB',
    '1tb',
    '10kb',
  ],
  ...['0s', '500ms', '30s', '5MIN', '1h', '30', '5 d'],
  ...["'0-3,8'", "' 1 , 2-3 '", "'0-3,^1'", "'1,'", "'a-b'", "'1-2-3'", "'^'"],
  ...[
    '/a',
    'a/b',
    './a',
    'unix:/run/x',
    'unix:x',
    "'unix:'",
    'localhost',
    'localhost:9177',
    "'[::1]:9177'",
    "'::1:9177'",
  ],
  ...["'0.0.0.0:65536'", '[9177, unix:/x]', '[9177, x]'],
  ...['text', 'json', 'xml', 'info', 'debug', 'cpu', 'set', 'qemu:///system'],
  ...[
    'balance',
    'shares',
    'adaptive',
    'oneMove',
    'one-move',
    '{policy: balance}',
    '{policy: none}',
    '{policy: mom}',
  ],
  ...[
    '{program: /a}',
    '{program: a}',
    '{program: 5}',
    '{url: http://a/b@c}',
    '{url: HTTPS://a}',
    '{url: http:a}',
  ],
  ...[
    '{url: https://u@a}',
    '{url: https://u:p@a}',
    '{url: " http://a"}',
    '{program: /a, url: http://a}',
    '{}',
  ],
  ...[
    '[{program: /a}, {url: http://a}]',
    '[{program: /a}, {}]',
    '{servers: nats1}',
    '{servers: [nats1, tls://nats2:4222]}',
    '{servers: nats1, x: 1}',
    '[nats1, "nats://n:70000"]',
    'nats://u:p@n',
    "'[::1]:4222'",
    '{ca: /a}',
    '{cert: /a}',
    '{cert: /a, key: /b}',
    '{guests: a}',
    '{guests: a, hard: false}',
    '{guests: a, hosts: [b, c]}',
    "'22:00-06:00'",
    "['00:00-23:59', '1:00-2:00']",
    '{out: 1, all: 2}',
    '{out: 0}',
    '{never: a, apart: [a, {guests: b, hard: true}]}',
    '{program: /a, x: 1}',
    '{url: "http://a?@"}',
  ],
]

/** `KEY: value` for each value, in whatever is around it. */
export const probes = (key: string, around: (pair: string) => string = (pair) => pair) =>
  values.map((value) => around(`${key}: ${value}`))

/** All options within a group, as far down as there are groups: the texts that set each of them. */
export function probesOf(kinds: OptionKinds, around: (pair: string) => string): string[] {
  return Object.entries(kinds).flatMap(([name, kind]) =>
    isGroupOfKinds(kind)
      ? [
          ...probes(kebabCase(name), around),
          ...probesOf(kind, (pair) => around(`${kebabCase(name)}: {${pair}}`)),
        ]
      : probes(kebabCase(name), around),
  )
}
