import { encodeETag, hashOf } from '../model/etag.ts'
import type { JsonObject } from '../model/json.ts'
import { encodePosition } from '../model/position.ts'
import type { Runtime } from '../model/runtime.ts'
import type { Replica } from '../replica/replica.ts'
import type { Entry } from './api.ts'

/** An entry without the type of its document. */
export type UntypedEntry = Omit<Entry<unknown>, 'value' | 'fieldVersions'> & {
  readonly value: JsonObject
  readonly fieldVersions: Readonly<Record<string, number>>
}

/** Epoch of no section: nothing is at such a position, so a read after it asks the store. */
const SOURCE_EPOCH = 'source'

/** Creates the entry of a document that came from the source, because the store was unavailable. */
export function toSourceEntry(value: JsonObject, runtime: Runtime): UntypedEntry {
  // not an ETag of a stored state, so that it fits no `ifMatch`
  const etag = encodeETag({ version: 0, generation: 0, hash: `source-${hashOf(value)}` })
  const position = encodePosition({ epoch: SOURCE_EPOCH, sequence: 0 })
  return { value, version: 0, etag, fieldVersions: {}, position, changedAt: runtime.now(), stale: true }
}

/** Creates the entry of an existing document. `value` is the stored document in its current shape. */
export function toEntry(
  replica: Replica,
  { stored, value }: { readonly stored: JsonObject; readonly value: JsonObject },
  stale: boolean,
  runtime: Runtime,
): UntypedEntry {
  const { version, generation, epoch, sequence, changedAt, expiresAt } = replica
  return {
    value,
    version,
    etag: encodeETag({ version, generation, hash: hashOf(stored) }),
    fieldVersions: replica.fieldVersions(),
    position: encodePosition({ epoch, sequence }),
    changedAt,
    ...(expiresAt !== undefined && { expiresAt: runtime.now() + expiresAt - runtime.elapsed() }),
    stale,
  }
}
