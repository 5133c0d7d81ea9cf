import type { CommitRequest } from '@sync/core/adapter'
import { escapeField } from '../names.ts'

/** A field's kind in the header: removed, whole, or (any number from 0 on) whole with an inner patch from that version. */
const REMOVED = -2
const WHOLE = -1
const ABSENT = -1

const digit = (flag: boolean): number => (flag ? 1 : 0)

/** A request as the script reads it: a header of numbers, then texts. `section`: its place in the call. */
export function commitArgs(request: CommitRequest, section: number): string[] {
  const { ref, op, expect, definition, meta, fields } = request
  const expected = Object.entries(expect?.fields ?? {})
  const header = [
    section,
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
    expected.length,
    fields.length,
    ...expected.map(([, version]) => version),
    ...fields.map(({ whole, delta }) => (whole === undefined ? REMOVED : (delta?.base ?? WHOLE))),
  ]
  const args = [
    JSON.stringify(header),
    JSON.stringify(op.id).slice(1, -1),
    op.born.epoch,
    request.epoch,
    expect?.readAt.epoch ?? '',
    JSON.stringify(ref.key),
    JSON.stringify(request.origin),
    meta ? JSON.stringify(meta) : '',
    definition?.follow ?? '',
    definition?.digest ?? '',
  ]
  for (const [name] of expected) args.push(escapeField(name))
  for (const { field, whole, delta } of fields) {
    args.push(escapeField(field))
    if (whole !== undefined) args.push(whole)
    if (whole !== undefined && delta) args.push(delta.ops)
  }
  return args
}

const isExpectation = (expect: CommitRequest['expect']): boolean =>
  expect?.generation !== undefined || expect?.version !== undefined || expect?.fields !== undefined
