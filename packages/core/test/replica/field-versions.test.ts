import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FieldTable, type FieldVersions } from '../../src/replica/field-versions.ts'

/** Returns the versions that the table has for some fields. */
function versionsOf(
  table: FieldTable,
  versions: FieldVersions,
  fields: Iterable<string>,
): Record<string, number | undefined> {
  return Object.fromEntries([...fields].map((field) => [field, table.get(versions, field)]))
}

const field = fc.oneof(
  fc.constantFrom('a', 'b', 'c', '__proto__', 'length', '0', ''),
  fc.integer({ min: 0, max: 700 }).map((n) => `f${n}`),
)
const version = fc.oneof(
  fc.integer({ min: 1, max: 3 }),
  fc.constantFrom(255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
)

describe('FieldTable', () => {
  it('returns what a plain map would, and keeps documents apart', () => {
    const step = fc.record({ document: fc.nat(2), field, version: fc.oneof(version, fc.constant(0)) })
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.dictionary(field, version, { noNullPrototype: false }),
        (steps, loaded) => {
          const table = new FieldTable()
          const documents = [0, 1, 2].map(() => ({
            packed: table.fromRecord(loaded),
            model: new Map(Object.entries(loaded)),
          }))
          for (const { document, field, version } of steps) {
            const each = documents[document] as (typeof documents)[number]
            if (version === 0 && !each.model.has(field)) continue
            each.packed = table.withField(each.packed, Object.fromEntries(each.model), field, version)
            if (version === 0) each.model.delete(field)
            else each.model.set(field, version)
            for (const { packed, model } of documents)
              expect(versionsOf(table, packed, model.keys())).toEqual(Object.fromEntries(model))
          }
          for (const { packed, model } of documents) {
            // a single number applies to every field of the document, so absent fields are not comparable
            if (typeof packed !== 'number')
              for (const { field } of steps) expect(table.get(packed, field)).toBe(model.get(field))
          }
        },
      ),
    )
  })
})

describe('FieldTable memory', () => {
  it('is one number when all fields have the same version', () => {
    const table = new FieldTable()
    expect(table.fromRecord({ a: 3, b: 3 })).toBe(3)
    expect(table.withField(3, { a: 1, b: 1 }, 'a', 3)).toBe(3)
    expect(table.withField(table.empty, {}, 'a', 1)).toBe(1)
  })

  it('is one byte per field, and more when a version needs it', () => {
    const table = new FieldTable()
    let packed = table.withField(1, { a: 1, b: 1, c: 1 }, 'a', 2)
    expect(packed).toBeInstanceOf(Uint8Array)
    for (const [version, kind] of [
      [256, Uint16Array],
      [65_536, Uint32Array],
      [2 ** 32, Float64Array],
    ] as const) {
      packed = table.withField(packed, {}, 'b', version)
      expect(packed).toBeInstanceOf(kind)
      expect(table.get(packed, 'b')).toBe(version)
      expect(table.get(packed, 'a')).toBe(2)
    }
  })

  it('is a map when a section keeps adding field names', () => {
    const table = new FieldTable()
    for (let n = 0; n < 1_000; n++) table.withField(1, { [`f${n}`]: 1 }, `g${n}`, 2)
    const packed = table.withField(1, { x: 1 }, 'y', 2)
    expect(packed).toBeInstanceOf(Map)
    expect([table.get(packed, 'x'), table.get(packed, 'y')]).toEqual([1, 2])
  })
})
