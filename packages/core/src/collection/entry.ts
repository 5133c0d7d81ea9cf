import { encodeETag } from '../model/etag.ts'
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

/** Epoch of no section: nothing is at such a position, so it fits no `ifMatch`, and a read after it asks the store. */
const SOURCE_EPOCH = 'source'

/** Creates the entry of a document that came from the source, because the store was unavailable. */
export function toSourceEntry(value: JsonObject, runtime: Runtime): UntypedEntry {
  const readAt = { epoch: SOURCE_EPOCH, sequence: 0 }
  const etag = encodeETag({ version: 0, generation: 0, readAt })
  const position = encodePosition(readAt)
  return { value, version: 0, etag, fieldVersions: {}, position, changedAt: runtime.now(), stale: true }
}

/** Creates the entry of an existing document. `value` is the document in its current shape. */
export function toEntry(replica: Replica, value: JsonObject, stale: boolean, runtime: Runtime): UntypedEntry {
  const { version, generation, epoch, sequence, changedAt, expiresAt } = replica
  const readAt = { epoch, sequence }
  return {
    value,
    version,
    etag: encodeETag({ version, generation, readAt }),
    fieldVersions: replica.fieldVersions(),
    position: encodePosition(readAt),
    changedAt,
    ...(expiresAt !== undefined && { expiresAt: runtime.now() + expiresAt - runtime.elapsed() }),
    stale,
  }
}
