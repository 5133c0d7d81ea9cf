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
