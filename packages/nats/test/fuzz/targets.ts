import type { FuzzInput, FuzzTarget } from '../../../core/test/fuzz/target.ts'
import { parseTarget } from '../../src/connection/target.ts'
import { resolveBusOptions } from '../../src/settings.ts'
import { subjectFor } from '../../src/subjects.ts'

const URL_OF_A_BUS =
  'nats://ann:p%40ss@host1:4222,[::1]:4223,host3?transport=jetstream&prefix=sync&timeout=3s&maxAge=1h&maxMessages=10&replicas=3&tls=required'

const name = ({ mutate }: FuzzInput): string => mutate('eu.price.*>=002e größe') || '-'

/** Names and URLs as NATS is given them. */
export const targets: Readonly<Record<string, FuzzTarget>> = {
  'NATS subjects': (given) => {
    const scope = { partition: name(given), section: name(given), key: name(given) }
    const tokens = subjectFor('sync', scope).split('.')
    const back = tokens
      .slice(1)
      .map((token) =>
        token.replaceAll(/=([0-9a-f]{4})/g, (_, unit: string) => String.fromCharCode(Number.parseInt(unit, 16))),
      )
    if (back.join('\n') !== Object.values(scope).join('\n')) throw new Error(`${tokens} is read as ${back}`)
    if (tokens.some((token) => !/^[^\s*>]+$/.test(token))) throw new Error(`${tokens} has a meaning to NATS`)
  },
  'NATS URLs': ({ mutate }) => {
    resolveBusOptions(parseTarget(mutate(URL_OF_A_BUS)).options)
  },
}
