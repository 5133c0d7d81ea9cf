import type { CommitRequest } from '@sync/core/adapter'
import { escapeField } from '../names.ts'

/** A field's kind: removed, whole, or (any number from 0 on) whole with an inner patch from that version. */
const REMOVED = -2
const WHOLE = -1
const ABSENT = -1

const digit = (flag: boolean): number => (flag ? 1 : 0)

/** The requests of one call as the script reads them. `sections`: the place of each one's section in the call. */
export function commitArgs(group: readonly CommitRequest[], sections: readonly number[]): string[] {
  const shared = new Map<string, number>()
  const share = (text: string): number => {
    const known = shared.get(text)
    if (known !== undefined) return known
    shared.set(text, shared.size + 1)
    return shared.size
  }
  const numbers: number[] = [group.length]
  const texts: string[] = []
  for (const [at, request] of group.entries()) {
    const { ref, op, expect, definition, meta, fields } = request
    numbers.push(
      sections[at] as number,
      op.attempt,
      op.born.answers,
      digit(op.kept === true),
      digit(request.action === 'delete'),
      digit(request.others === 'remove'),
      digit(request.create),
      request.ttl ?? ABSENT,
      digit(isExpectation(expect)),
      expect?.readAt.sequence ?? 0,
      expect?.generation ?? ABSENT,
      expect?.version ?? ABSENT,
      digit(expect?.undeleted === true),
      share(op.born.epoch),
      share(request.epoch),
      share(expect?.readAt.epoch ?? ''),
      share(JSON.stringify(request.origin)),
      share(meta ? JSON.stringify(meta) : ''),
      share(definition?.follow ?? ''),
      share(definition?.digest ?? ''),
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
      numbers.push(whole === undefined ? REMOVED : (delta?.base ?? WHOLE))
      texts.push(escapeField(field))
      if (whole !== undefined) texts.push(whole)
      if (whole !== undefined && delta) texts.push(delta.ops)
    }
  }
  return [`${shared.size}`, ...shared.keys(), JSON.stringify(numbers), ...texts]
}

const isExpectation = (expect: CommitRequest['expect']): boolean =>
  expect?.generation !== undefined || expect?.version !== undefined || expect?.fields !== undefined
