import type { FuzzInput, FuzzTarget } from '../../../core/test/fuzz/target.ts'
import { resolveTarget as resolveBusTarget } from '../../src/bus/target.ts'
import { channelName, documentKey, escapeField, metaKey, unescapePart } from '../../src/names.ts'
import { resolveTarget as resolveStoreTarget } from '../../src/store/target.ts'

const STORE =
  'redis://ann:p%40ss@host:6379/3?maxChanges=10&maxAge=1h&client=redis&timeout=3s&opResultTtl=10m&lineageDepth=8&cluster=false&partition.eu=redis://eu:6379'
const BUS =
  'rediss://:p%40ss@[::1]:6379/0?transport=streams&maxPayloadBytes=1000&maxFrames=10&cluster=false&client=ioredis'

const name = ({ mutate }: FuzzInput): string => mutate('eu:{price}\\u003a"VersionId":') || '-'

/** Names and URLs from untrusted input. */
export const targets: Readonly<Record<string, FuzzTarget>> = {
  'Redis keys': (input) => {
    const [partition, section, key] = [name(input), name(input), name(input)]
    const ref = { partition, section, key }
    const cluster = input.chance(0.5)
    const text = documentKey(ref, { cluster })
    const parts = (cluster ? text.replace(/^\{(.*)\}:/s, '$1:') : text).split(':').map(unescapePart)
    if (parts.join('\n') !== [partition, section, key].join('\n')) throw new Error(`${text} is parsed as ${parts}`)
    if (text === metaKey(ref, { cluster })) throw new Error(`${text} equals the section's meta key`)
    channelName(ref, { cluster }, input.int(16))
  },
  'Redis fields': (input) => {
    const field = name(input)
    const escaped = escapeField(field)
    if (unescapePart(escaped) !== field || escaped === 'VersionId') throw new Error(`${field} is escaped as ${escaped}`)
  },
  'Redis URLs of a store': ({ mutate }) => {
    resolveStoreTarget(mutate(STORE), {})
  },
  'Redis URLs of a bus': ({ mutate }) => {
    resolveBusTarget(mutate(BUS), {})
  },
}
