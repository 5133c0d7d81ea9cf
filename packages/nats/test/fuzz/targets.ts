import type { FuzzInput, FuzzTarget } from '../../../core/test/fuzz/target.ts'
import { parseTarget } from '../../src/connection/target.ts'
import { resolveBusOptions } from '../../src/settings.ts'
import { subjectFor } from '../../src/subjects.ts'

const BUS_URL =
  'nats://ann:p%40ss@host1:4222,[::1]:4223,host3?transport=jetstream&prefix=sync&timeout=3s&maxAge=1h&maxMessages=10&replicas=3&tls=required'

const name = ({ mutate }: FuzzInput): string => mutate('eu.price.*>=002e größe') || '-'

/** Fuzz targets of this package: subjects and URLs. */
export const targets: Readonly<Record<string, FuzzTarget>> = {
  'NATS subjects': (input) => {
    const scope = { partition: name(input), section: name(input), key: name(input) }
    const tokens = subjectFor('sync', scope).split('.')
    const decoded = tokens
      .slice(1)
      .map((token) =>
        token.replaceAll(/=([0-9a-f]{4})/g, (_, unit: string) => String.fromCharCode(Number.parseInt(unit, 16))),
      )
    if (decoded.join('\n') !== Object.values(scope).join('\n')) throw new Error(`${tokens} decodes to ${decoded}`)
    if (tokens.some((token) => !/^[^\s*>]+$/.test(token)))
      throw new Error(`${tokens} contains a wildcard or white space`)
  },
  'NATS URLs': ({ mutate }) => {
    resolveBusOptions(parseTarget(mutate(BUS_URL)).options)
  },
}
