import fc from 'fast-check'
import fastJsonPatch from 'fast-json-patch'
import { describe, expect, it, vi } from 'vitest'
import { deepFreeze, type Json, type JsonObject } from '../../src/model/json.ts'
import { apply, NotJsonError, type Operation, PatchError, type PatchFailure } from '../../src/patch/index.ts'
import { json, parsed } from './documents.ts'
import { documentAndPatch } from './patches.ts'

/** Returns the error with which a patch fails. */
function failure(document: Json, ...patch: Operation[]): PatchError {
  try {
    apply(document, patch)
  } catch (error) {
    if (error instanceof PatchError) return error
    throw error
  }
  throw new Error('the patch applied')
}

/** Returns every array and object in a value. */
function containers(value: Json): object[] {
  return typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(containers)] : []
}

/**
 * Whether fast-json-patch applies the patch correctly. It calls a member named hasOwnProperty as if it were the method,
 * and resolves the target of a move before it removes the source element, which shifts the target.
 */
function isSupportedByFastJsonPatch(document: Json, patch: readonly Operation[]): boolean {
  const shifts = patch.some(({ from, path }) => {
    const holder = from?.slice(0, from.lastIndexOf('/') + 1)
    return holder !== undefined && path.startsWith(holder) && path.slice(holder.length).includes('/')
  })
  return !shifts && !JSON.stringify([document, patch]).includes('hasOwnProperty')
}

describe('apply()', () => {
  it('agrees with fast-json-patch on every patch that applies', () => {
    fc.assert(
      fc.property(documentAndPatch, ({ document, patch }) => {
        fc.pre(isSupportedByFastJsonPatch(document, patch))
        const theirs = fastJsonPatch.applyPatch(parsed(document), parsed(patch) as never, false, true).newDocument
        expect(parsed(apply(document, patch))).toEqual(parsed(theirs))
      }),
      { numRuns: 500 },
    )
  })

  it('leaves the document unchanged, whether or not it is frozen', () => {
    fc.assert(
      fc.property(documentAndPatch, fc.boolean(), ({ document, patch }, frozen) => {
        const before = JSON.stringify(document)
        apply(frozen ? deepFreeze(document) : document, patch)
        expect(JSON.stringify(document)).toBe(before)
      }),
    )
  })

  it('leaves the operations unchanged and shares no mutable object with them', () => {
    fc.assert(
      fc.property(documentAndPatch, ({ document, patch }) => {
        const own = parsed(patch)
        const before = JSON.stringify(own)
        const result = apply(deepFreeze(document), own)
        const foreign = new Set(own.flatMap(({ value }) => containers(value as Json)))
        expect(JSON.stringify(own)).toBe(before)
        expect(containers(result).filter((each) => foreign.has(each))).toEqual([])
      }),
    )
  })

  it('returns a deeply frozen document', () => {
    fc.assert(
      fc.property(documentAndPatch, ({ document, patch }) => {
        expect(containers(apply(deepFreeze(document), patch)).filter((each) => !Object.isFrozen(each))).toEqual([])
      }),
    )
  })

  it('applies all operations or none: the document is unchanged after an error', () => {
    fc.assert(
      fc.property(documentAndPatch, json, ({ document, patch }, value) => {
        const before = JSON.stringify(document)
        const failing: Operation[] = [...patch, { op: 'add', path: '/no/such/place', value }]
        expect(() => apply(document, failing)).toThrow(PatchError)
        expect(JSON.stringify(document)).toBe(before)
      }),
    )
  })

  it('keeps the identity of everything outside the changed paths', () => {
    const document = deepFreeze({ a: { b: { c: 1 }, d: { e: 2 } }, list: [{ x: 1 }, { x: 2 }], z: {} })
    const result = apply(document, [
      { op: 'replace', path: '/a/b/c', value: 9 },
      { op: 'add', path: '/list/0', value: { x: 0 } },
    ]) as typeof document
    expect(result).toEqual({ a: { b: { c: 9 }, d: { e: 2 } }, list: [{ x: 0 }, { x: 1 }, { x: 2 }], z: {} })
    expect(result.a.d).toBe(document.a.d)
    expect(result.z).toBe(document.z)
    expect(result.list[1]).toBe(document.list[0])
    expect(result.list[2]).toBe(document.list[1])
  })

  it('returns the same document for an empty patch and for one with only tests', () => {
    const document = deepFreeze({ a: { b: [1, 2] } })
    expect(apply(document, [])).toBe(document)
    expect(apply(document, [{ op: 'test', path: '/a', value: { b: [1, 2] } }])).toBe(document)
  })

  it('copies a container once for all operations of a patch', () => {
    const document = deepFreeze({ list: Array.from({ length: 100 }, (_, i) => i as Json) })
    const patch = Array.from({ length: 50 }, (_, i): Operation => ({ op: 'add', path: '/list/-', value: i }))
    // every copy is frozen at the end
    const freeze = vi.spyOn(Object, 'freeze')
    expect(apply(document, patch)).toEqual({ list: [...document.list, ...Array.from({ length: 50 }, (_, i) => i)] })
    const copied = freeze.mock.calls.length
    freeze.mockRestore()
    expect(copied).toBe(2)
  })

  it('separates a copied part from later changes of its original', () => {
    const patch: Operation[] = [
      { op: 'add', path: '/a/list/-', value: 2 },
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'add', path: '/a/list/-', value: 3 },
      { op: 'add', path: '/b/list/0', value: 0 },
    ]
    expect(apply(deepFreeze({ a: { list: [1] } }), patch)).toEqual({ a: { list: [1, 2, 3] }, b: { list: [0, 1, 2] } })
  })

  it('removes any number of members from one object', () => {
    const wide = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`m${i}`, { i }]))
    const document = deepFreeze({ top: 1, deep: { wide, kept: [1] } })
    const patch = Array.from({ length: 30 }, (_, i): Operation => ({ op: 'remove', path: `/deep/wide/m${i}` }))
    const result = apply(document, patch) as { deep: { wide: JsonObject; kept: Json } }
    expect(result.deep.wide).toEqual(Object.fromEntries(Object.entries(wide).slice(30)))
    expect(result.deep.kept).toBe(document.deep.kept)
    expect(containers(result).every((each) => Object.isFrozen(each))).toBe(true)
  })

  it('compares tested values regardless of member order, with -0 equal to 0', () => {
    const document = { a: { x: 1, y: [0] } }
    expect(apply(document, [{ op: 'test', path: '/a', value: { y: [-0], x: 1 } }])).toBe(document)
    expect(failure(document, { op: 'test', path: '/a', value: { x: 1, y: ['0'] } }).reason).toBe('test-failed')
    expect(failure(document, { op: 'test', path: '/a', value: { x: 1, y: { 0: 0 } } }).reason).toBe('test-failed')
  })

  it.for<[PatchFailure, Operation]>([
    ['missing', { op: 'remove', path: '/none' }],
    ['missing', { op: 'replace', path: '/none', value: 1 }],
    ['missing', { op: 'add', path: '/none/x', value: 1 }],
    ['missing', { op: 'replace', path: '/toString', value: 1 }],
    ['missing', { op: 'test', path: '/object/none', value: null }],
    ['missing', { op: 'copy', from: '/none', path: '/x' }],
    ['not-a-container', { op: 'add', path: '/text/x', value: 1 }],
    ['not-a-container', { op: 'remove', path: '/null/x' }],
    ['index', { op: 'add', path: '/list/3', value: 1 }],
    ['index', { op: 'add', path: '/list/01', value: 1 }],
    ['index', { op: 'add', path: '/list/-1', value: 1 }],
    ['index', { op: 'add', path: '/list/1e0', value: 1 }],
    ['index', { op: 'add', path: '/list/', value: 1 }],
    ['index', { op: 'replace', path: '/list/2', value: 1 }],
    ['index', { op: 'remove', path: '/list/-' }],
    ['index', { op: 'replace', path: '/list/length', value: 0 }],
    ['index', { op: 'replace', path: '/list/-/x', value: 0 }],
    ['bad-pointer', { op: 'remove', path: 'text' }],
    ['bad-pointer', { op: 'remove', path: '/a~2' }],
    ['bad-pointer', { op: 'remove', path: '/a~' }],
    ['bad-operation', { op: 'remove', path: '' }],
    ['bad-operation', { op: 'add', path: '/x' }],
    ['bad-operation', { op: 'test', path: '/null' }],
    ['bad-operation', { op: 'move', path: '/x' }],
    ['bad-operation', { op: 'move', from: '/object', path: '/object/x' }],
    ['bad-operation', { op: 'spam' as 'add', path: '/x', value: 1 }],
    ['bad-operation', {} as Operation],
    ['bad-operation', null as unknown as Operation],
  ])('throws with reason %s: %j', ([reason, operation]) => {
    const document = { text: 'x', null: null, list: [1, 2], object: {} }
    const error = failure(document, { op: 'add', path: '/first', value: 1 }, operation)
    expect(error).toMatchObject({ code: 'SYNC_PATCH', reason, index: 1, committed: 'no', retryable: false })
    expect(error.path).toBe((operation?.op === 'copy' ? operation.from : operation?.path) ?? '')
  })

  it('moves a value to a name that begins with its own', () => {
    expect(apply({ a: 1 }, [{ op: 'move', from: '/a', path: '/ab' }])).toEqual({ ab: 1 })
  })

  it.for(['__proto__', 'constructor', 'prototype', '\\a'])(
    'rejects every path through %s and pollutes no prototype',
    (name) => {
      const document = { a: {}, list: [] }
      for (const path of [`/${name}`, `/${name}/polluted`, `/a/${name}/polluted`, `/list/${name}/polluted`]) {
        for (const op of ['add', 'replace', 'test'] as const) {
          expect(failure(document, { op, path, value: 'x' })).toMatchObject({ reason: 'forbidden-name', path })
        }
        expect(failure(document, { op: 'remove', path }).reason).toBe('forbidden-name')
        expect(failure(document, { op: 'move', from: '/a', path }).reason).toBe('forbidden-name')
        expect(failure(document, { op: 'copy', from: path, path: '/b' }).reason).toBe('forbidden-name')
      }
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    },
  )

  it('rejects values that contain a forbidden name or are not JSON, with the path', () => {
    const hidden = JSON.parse('{"deep":[{"__proto__":{"polluted":true}}]}') as Json
    const patch = (value: unknown): Operation[] => [{ op: 'add', path: '/a', value }]
    expect(() => apply({}, patch(hidden))).toThrow(expect.objectContaining({ path: '/a/deep/0/__proto__' }))
    expect(() => apply({}, patch(new Date(0)))).toThrow(NotJsonError)
    expect(() => apply({}, patch({ x: undefined }))).toThrow(expect.objectContaining({ path: '/a/x' }))
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})
