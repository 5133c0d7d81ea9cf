import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deepFreeze, type Json, type JsonObject } from '../../src/model/json.ts'
import { isForbiddenName } from '../../src/model/json-pointer.ts'
import { apply, applyFields, diff, diffFields, type FieldPatch, PatchError } from '../../src/patch/index.ts'
import { documentPair, json, parsed, textBytes } from './documents.ts'

const text = 'a text that makes the field larger than a patch of it'

describe('diffFields()', () => {
  it('returns each changed field once, with its new value or as removed', () => {
    fc.assert(
      fc.property(documentPair, ([base, target]) => {
        const changes = diffFields(base, target)
        const differing = new Set(diff(base, target).map(({ path }) => path.split('/')[1]))
        expect(changes).toHaveLength(differing.size)
        for (const change of changes) {
          if (change.kind === 'whole') expect(change.value).toBe(target[change.field])
          else expect(Object.hasOwn(target, change.field)).toBe(false)
        }
      }),
    )
  })

  it('returns inner operations, relative to the field, that turn the old value into the new one', () => {
    fc.assert(
      fc.property(documentPair, ([base, target]) => {
        for (const change of diffFields(base, target)) {
          if (change.kind === 'removed' || change.ops === undefined) continue
          expect(parsed(apply(base[change.field] as Json, change.ops))).toEqual(parsed(change.value))
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('returns inner operations only when they take fewer bytes than the value', () => {
    fc.assert(
      fc.property(documentPair, ([base, target]) => {
        for (const change of diffFields(base, target)) {
          if (change.kind === 'removed' || change.ops === undefined) continue
          expect(textBytes(change.ops)).toBeLessThan(textBytes(change.value))
        }
      }),
      { numRuns: 1000 },
    )
    expect(diffFields({ f: { a: 1, text } }, { f: { a: 2, text } })).toEqual([
      { field: 'f', kind: 'whole', value: { a: 2, text }, ops: [{ op: 'replace', path: '/a', value: 2 }] },
    ])
    expect(diffFields({ f: { a: 1 } }, { f: { a: 2 } })).toEqual([{ field: 'f', kind: 'whole', value: { a: 2 } }])
  })
})

describe('applyFields()', () => {
  it('turns one document into the other, by whole values and by deltas', () => {
    fc.assert(
      fc.property(documentPair, ([base, target]) => {
        const changes = diffFields(base, target)
        const deltas = changes.map((change): FieldPatch => {
          if (change.kind === 'removed' || change.ops === undefined) return change
          return { field: change.field, kind: 'delta', ops: change.ops }
        })
        for (const patches of [changes, deltas]) {
          const result = applyFields(deepFreeze(base), parsed(patches as unknown as Json) as unknown as FieldPatch[])
          expect(parsed(result)).toEqual(parsed(target))
          expect(Object.isFrozen(result)).toBe(true)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('keeps the identity of unnamed fields and of what a delta does not touch', () => {
    const document = deepFreeze({ a: { x: [1] }, b: { y: { z: 1 }, w: [2] }, c: [3] })
    const result = applyFields(document, [
      { field: 'b', kind: 'delta', ops: [{ op: 'replace', path: '/y/z', value: 2 }] },
      { field: 'c', kind: 'removed' },
      { field: 'd', kind: 'whole', value: 4 },
    ]) as unknown as typeof document
    expect(result).toEqual({ a: { x: [1] }, b: { y: { z: 2 }, w: [2] }, d: 4 })
    expect(result.a).toBe(document.a)
    expect(result.b.w).toBe(document.b.w)
    expect(document).toEqual({ a: { x: [1] }, b: { y: { z: 1 }, w: [2] }, c: [3] })
    expect(applyFields(document, [])).toBe(document)
  })

  it('applies all fields or none, and reports the failing field', () => {
    const document = deepFreeze({ a: 1, b: { c: 2 } })
    const patches: FieldPatch[] = [
      { field: 'a', kind: 'whole', value: 9 },
      { field: 'b', kind: 'delta', ops: [{ op: 'remove', path: '/none' }] },
    ]
    expect(() => applyFields(document, patches)).toThrow(
      expect.objectContaining({ reason: 'missing', path: '/b/none' }),
    )
    expect(document).toEqual({ a: 1, b: { c: 2 } })
  })

  it('rejects a delta of an absent field, or of one removed by the same call', () => {
    const delta: FieldPatch = { field: 'a', kind: 'delta', ops: [] }
    expect(() => applyFields({}, [delta])).toThrow(PatchError)
    expect(() => applyFields({ a: 1 }, [{ field: 'a', kind: 'removed' }, delta])).toThrow(PatchError)
  })

  it('sets a removed field again as new, and ignores the removal of an absent one', () => {
    const again: FieldPatch[] = [
      { field: 'a', kind: 'removed' },
      { field: 'a', kind: 'whole', value: 2 },
      { field: 'none', kind: 'removed' },
    ]
    expect(applyFields({ a: 1 }, again)).toEqual({ a: 2 })
  })

  it('rejects forbidden names as fields and inside values', () => {
    const hidden = JSON.parse('{"x":{"__proto__":1}}') as Json
    for (const field of ['__proto__', 'constructor', 'prototype', '\\a']) {
      expect(() => applyFields({}, [{ field, kind: 'whole', value: 1 }])).toThrow(PatchError)
      expect(() => applyFields({}, [{ field, kind: 'removed' }])).toThrow(PatchError)
    }
    expect(() => applyFields({}, [{ field: 'a', kind: 'whole', value: hidden }])).toThrow(
      expect.objectContaining({ code: 'SYNC_NOT_JSON', path: '/a/x/__proto__' }),
    )
  })

  it('removes any number of fields', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().filter((name) => !isForbiddenName(name)),
          json,
        ),
        fc.func(fc.boolean()),
        (fields, goes) => {
          const kept = Object.fromEntries(Object.entries(fields).filter(([name]) => !goes(name)))
          const removals = Object.keys(fields).filter((name) => goes(name))
          const document = deepFreeze({ ...fields }) as JsonObject
          const result = applyFields(
            document,
            removals.map((field): FieldPatch => ({ field, kind: 'removed' })),
          )
          expect(parsed(result)).toEqual(parsed(kept))
        },
      ),
    )
  })
})
