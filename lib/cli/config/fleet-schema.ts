import { fleetPolicies } from '../../fleet/policies.ts'
import {
  type fleetKeys,
  namePattern,
  parallelKinds,
  type ruleKeys,
  serverPattern,
  type tlsKeys,
  uriPattern,
} from './fleet.ts'
import {
  group,
  interval,
  type JsonSchema,
  kindSchema,
  listOrOne,
  path,
  registeredSchema,
  text,
} from './value-schemas.ts'

type Schemas<Keys extends readonly string[]> = { readonly [Key in Keys[number]]: JsonSchema }

const flag = kindSchema('flag')
const uri: JsonSchema = { type: 'string', pattern: uriPattern.source }

const tls: Schemas<typeof tlsKeys> = {
  ca: about('PEM file of the authority that the server of NATS has its certificate from.', path),
  cert: about('PEM file with the certificate of this program.', path),
  key: about('PEM file with its key.', path),
}

const guestsAndHosts: JsonSchema = {
  type: 'object',
  properties: { guests: text, hosts: listOrOne(text) },
  required: ['guests', 'hosts'],
  additionalProperties: false,
}

const groupOfGuests: JsonSchema = {
  anyOf: [
    text,
    {
      type: 'object',
      properties: { guests: text, hard: flag },
      required: ['guests'],
      additionalProperties: false,
    },
  ],
}

const hour = '([01][0-9]|2[0-3]):[0-5][0-9]'

const rules: Schemas<typeof ruleKeys> = {
  together: about('Guests that are to be on one host.', listOrOne(groupOfGuests)),
  apart: about('Guests of which no two are to be on one host.', listOrOne(groupOfGuests)),
  pinned: about('Guests that may only be on these hosts, by name or UUID.', listOrOne(guestsAndHosts)),
  never: about('Guests that never move.', listOrOne(text)),
  hours: about('When guests may be moved, such as 22:00-06:00.', {
    ...listOrOne({ type: 'string', pattern: `^${hour}-${hour}$` }),
  }),
  parallel: about('Migrations at once: from one host, to one host, and in all.', group(parallelKinds)),
  'survive-host': about('Keep so much free that the guests of any one host fit on the others.', flag),
}

const fleet: Schemas<typeof fleetKeys> = {
  name: about('Name of the fleet (default: default).', {
    type: ['string', 'integer'],
    pattern: namePattern.source,
    minimum: 0,
  }),
  servers: about('Addresses of NATS.', listOrOne(namedBy(serverPattern))),
  credentials: about('File with a line USER:PASSWORD, the seed of an nkey, or a .creds file.', path),
  tls: about('PEM files for TLS.', {
    ...objectOf(tls),
    dependencies: { cert: ['key'], key: ['cert'] },
  }),
  'migration-uri': about('libvirt URI by which other hosts reach this one (default: none moves here).', uri),
  'data-uri': about(
    'Where the memory of guests is sent, such as tcp://10.0.0.2 (default: libvirt chooses).',
    uri,
  ),
  bandwidth: about('Bytes per second of one migration (default: 100MiB).', kindSchema('bytes')),
  interval: about('Seconds from one report to the next, 10 at most (default: 10).', {
    ...interval,
    maximum: 10,
    pattern: '^0*([0-9](\\.[0-9]+)?|10(\\.0+)?|\\.[0-9]+)$',
  }),
  lead: about('Whether this host may lead (default: true).', flag),
  'dry-run': about('Plan, and move nothing (default: false).', flag),
  policy: about(
    'What is moved, and when.',
    registeredSchema(Object.values(fleetPolicies), () => 'fleet-policies'),
  ),
  rules: about('What the policy has to keep to.', objectOf(rules)),
}

/** The schema of `fleet:`. */
export const fleetSchema: JsonSchema = {
  ...objectOf(fleet),
  required: ['servers'],
  dependencies: { 'data-uri': ['migration-uri'], bandwidth: ['migration-uri'] },
}

function objectOf(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', properties, additionalProperties: false }
}

function namedBy(pattern: RegExp): JsonSchema {
  return { type: ['string', 'number'], pattern: pattern.source }
}

function about(description: string, schema: JsonSchema): JsonSchema {
  return { description, ...schema }
}
