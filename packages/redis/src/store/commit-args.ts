import type { CommitRequest } from '@sync/core/adapter'
import { escapeField } from '../names.ts'

/** Kind of a field's edit: removed, whole, or (any number from 0) whole plus a delta from that base version. */
const FIELD_REMOVED = -2
const FIELD_WHOLE = -1
const ABSENT = -1

const toBit = (flag: boolean): number => (flag ? 1 : 0)

/** Encodes the requests of one call in the order in which the script reads them. `sections` has the index of each request's section. */
export function encodeCommitArgs(group: readonly CommitRequest[], sections: readonly number[]): string[] {
  const interned = new Map<string, number>()
  const intern = (text: string): number => {
    const index = interned.get(text)
    if (index !== undefined) return index
    interned.set(text, interned.size + 1)
    return interned.size
  }
  const numbers: number[] = [group.length]
  const texts: string[] = []
  for (const [at, request] of group.entries()) {
    const { ref, op, expect, definition, meta, fields } = request
    numbers.push(
      sections[at] as number,
      op.attempt,
      op.idOrigin.opResultCount,
      toBit(op.isCallerGiven === true),
      toBit(request.action === 'delete'),
      toBit(request.otherFields === 'remove'),
      toBit(request.allowCreate),
      request.ttl ?? ABSENT,
      toBit(isExpectation(expect)),
      expect?.readAt.sequence ?? 0,
      expect?.generation ?? ABSENT,
      expect?.version ?? ABSENT,
      toBit(expect?.notDeleted === true),
      intern(op.idOrigin.epoch),
      intern(request.epoch),
      intern(expect?.readAt.epoch ?? ''),
      intern(JSON.stringify(request.origin)),
      intern(meta ? JSON.stringify(meta) : ''),
      intern(definition?.subscribeBy ?? ''),
      intern(definition?.digest ?? ''),
    )
    texts.push(JSON.stringify(op.id).slice(1, -1), JSON.stringify(ref.key))
    const expected = Object.entries(expect?.fields ?? {})
    numbers.push(expected.length)
    for (const [name, version] of expected) {
      numbers.push(version)
      texts.push(escapeField(name))
    }
    numbers.push(fields.length)
    for (const { field, whole, delta } of fields) {
      numbers.push(whole === undefined ? FIELD_REMOVED : (delta?.base ?? FIELD_WHOLE))
      texts.push(escapeField(field))
      if (whole !== undefined) texts.push(whole)
      if (whole !== undefined && delta) texts.push(delta.ops)
    }
  }
  return [`${interned.size}`, ...interned.keys(), JSON.stringify(numbers), ...texts]
}

const isExpectation = (expect: CommitRequest['expect']): boolean =>
  expect?.generation !== undefined || expect?.version !== undefined || expect?.fields !== undefined
