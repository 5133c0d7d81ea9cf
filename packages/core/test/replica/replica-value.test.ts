import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Change, FieldEdit } from '../../src/model/change.ts'
import { PatchError } from '../../src/model/errors.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { applyFields } from '../../src/patch/index.ts'
import { FieldTable } from '../../src/replica/field-versions.ts'
import { Replica } from '../../src/replica/replica.ts'

const EPOCH = 'e'

/** Returns a replica of a document that was loaded from a store. */
function loaded(document: JsonObject): Replica {
  const replica = new Replica('key', new FieldTable())
  const fieldVersions = Object.fromEntries(Object.keys(document).map((field) => [field, 1]))
  replica.install(
    {
      state: { epoch: EPOCH, sequence: 1, opResultCount: 1, ancestors: [] },
      document: { generation: 1, version: 1, text: JSON.stringify(document), fieldVersions, floor: 0, changedAt: 0 },
    },
    0,
  )
  return replica
}

const change = ({ version, sequence }: Replica, edits: readonly FieldEdit[]): Change => ({
  key: 'key',
  epoch: EPOCH,
  origin: 'elsewhere',
  generation: 1,
  version: version + 1,
  sequence: sequence + 1,
  time: 0,
  edits,
})

const field = fc.constantFrom('a', 'b', 'list', 'new')
const edit = fc.oneof(
  fc.record({ field, kind: fc.constant('whole' as const), value: fc.oneof(fc.integer(), fc.constant([1])) }),
  fc.record({ field, kind: fc.constant('removed' as const) }),
  fc.constant({
    field: 'list',
    kind: 'delta' as const,
    ops: [{ op: 'add' as const, path: '/-', value: { n: 1 } }],
  }),
)
const step = fc.record({ edits: fc.array(edit, { minLength: 1, maxLength: 3 }), isRead: fc.boolean() })

describe('Replica.value', () => {
  it('leaves returned values unchanged and does not depend on earlier reads', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const start = { a: 1, list: [] }
        const replica = loaded(start)
        let model: JsonObject = start
        const versions = new Map(Object.keys(start).map((name) => [name, 1]))
        const returned: { readonly value: JsonObject | undefined; readonly text: string }[] = []
        for (const { edits, isRead } of steps) {
          const next = change(
            replica,
            edits.map((each) => ({ ...each, version: replica.version + 1 })),
          )
          let expected: JsonObject | undefined
          try {
            expected = applyFields(model, edits)
          } catch (error) {
            expect(error).toBeInstanceOf(PatchError)
          }
          if (expected) {
            replica.apply(next)
            model = expected
            for (const { field, kind } of edits) {
              if (kind === 'removed') versions.delete(field)
              else versions.set(field, replica.version)
            }
          } else expect(() => replica.apply(next)).toThrow(PatchError)
          if (!isRead) continue
          const { value } = replica
          expect(value).toEqual(model)
          expect(Object.isFrozen(value)).toBe(true)
          returned.push({ value, text: JSON.stringify(value) })
        }
        expect(replica.value).toEqual(model)
        expect(replica.fieldVersions()).toEqual(Object.fromEntries(versions))
        for (const { value, text } of returned) expect(JSON.stringify(value)).toBe(text)
      }),
    )
  })

  it('returns the same object when it is read twice', () => {
    const replica = loaded({ a: 1 })
    replica.apply(change(replica, [{ field: 'a', version: 2, kind: 'whole', value: 2 }]))
    expect(replica.value).toBe(replica.value)
  })
})
