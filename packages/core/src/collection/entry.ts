import type { JsonObject } from '../model/json.ts'
import { toPosition } from '../model/position.ts'
import type { Runtime } from '../model/runtime.ts'
import { toToken } from '../model/token.ts'
import type { Replica } from '../replica/replica.ts'
import type { Entry } from './api.ts'

/** An entry before it is given the type of its documents. */
export type HeldEntry = Omit<Entry<unknown>, 'value' | 'fieldVersions'> & {
  readonly value: JsonObject
  readonly fieldVersions: Readonly<Record<string, number>>
}

/** A document that there is, with its versions. `value`: as it is to be shown. */
export function entryOf(replica: Replica, value: JsonObject, stale: boolean, runtime: Runtime): HeldEntry {
  const { version, generation, epoch, seen: sequence, changedAt, lapsesAt } = replica
  const readAt = { epoch, sequence }
  return {
    value,
    version,
    token: toToken({ version, generation, readAt }),
    fieldVersions: replica.fieldVersions(),
    position: toPosition(readAt),
    changedAt,
    ...(lapsesAt !== undefined && { expiresAt: runtime.now() + lapsesAt - runtime.elapsed() }),
    stale,
  }
}
