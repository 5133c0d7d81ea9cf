import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/model/json.ts'
import { apply, compact, diff, type Operation, PatchError } from '../../src/patch/index.ts'
import { documentPair, parsed, textBytes } from './documents.ts'
import { documentAndPatch, documentAndWrites } from './patches.ts'

const add = (path: string, value: Json): Operation => ({ op: 'add', path, value })
const replace = (path: string, value: Json): Operation => ({ op: 'replace', path, value })
const remove = (path: string): Operation => ({ op: 'remove', path })
const check = (path: string, value: Json): Operation => ({ op: 'test', path, value })
const move = (from: string, path: string): Operation => ({ op: 'move', from, path })
const copy = (from: string, path: string): Operation => ({ op: 'copy', from, path })

describe('compact()', () => {
  it.for([
    ['without copies and tests', documentAndWrites],
    ['with copies and tests', documentAndPatch],
  ] as const)('has the same effect on every document to which the patch applies: %s', ([, arbitrary]) => {
    fc.assert(
      fc.property(arbitrary, ({ document, patch }) => {
        expect(parsed(apply(document, compact(patch)))).toEqual(parsed(apply(document, patch)))
      }),
      { numRuns: 3000 },
    )
  })

  it('returns no more bytes and no more operations', () => {
    fc.assert(
      fc.property(documentAndPatch, ({ patch }) => {
        const compacted = compact(patch)
        expect(textBytes(compacted)).toBeLessThanOrEqual(textBytes(patch))
        expect(compacted.length).toBeLessThanOrEqual(patch.length)
      }),
      { numRuns: 1000 },
    )
  })

  it('keeps every test, and the operations that make one fail', () => {
    fc.assert(
      fc.property(documentAndPatch, ({ patch }) => {
        const tests = (all: readonly Operation[]): Operation[] => all.filter(({ op }) => op === 'test')
        expect(tests(compact(patch))).toEqual(tests(patch))
      }),
    )
    const patch = [replace('/a', 1), check('/a', 1), replace('/a', 2)]
    expect(compact(patch)).toEqual(patch)
    expect(() => apply({ a: 0 }, compact([replace('/a/b', 1), check('/a', { b: 2 }), replace('/a', 2)]))).toThrow(
      PatchError,
    )
  })

  it('leaves the patch unchanged', () => {
    fc.assert(
      fc.property(documentAndPatch, ({ patch }) => {
        const before = JSON.stringify(patch)
        compact(patch)
        expect(JSON.stringify(patch)).toBe(before)
      }),
    )
  })

  it('joins the diffs between many versions of a document', () => {
    fc.assert(
      fc.property(fc.array(documentPair, { minLength: 1, maxLength: 4 }), (pairs) => {
        const versions = pairs.flat()
        const patch = versions.slice(1).flatMap((target, i) => diff(versions[i] as Json, target))
        expect(parsed(apply(versions[0] as Json, compact(patch)))).toEqual(parsed(versions.at(-1) as Json))
      }),
    )
  })

  it('folds or keeps tens of thousands of operations', () => {
    const history = (n: number): Operation[] => Array.from({ length: n }, (_, i) => add(`/list/${i}`, { i }))
    const patch = [replace('/list', []), ...history(20_000), remove('/list/0')]
    expect(compact(patch)).toEqual([
      replace(
        '/list',
        Array.from({ length: 19_999 }, (_, i) => ({ i: i + 1 })),
      ),
    ])
    expect(compact(history(20_000))).toHaveLength(20_000)
  })

  it.for<[string, Operation[], Operation[]]>([
    [
      'keeps only the last value of a path',
      [replace('/a', 1), replace('/b', 1), replace('/a', 2)],
      [replace('/a', 2), replace('/b', 1)],
    ],
    [
      'applies later changes to an added value',
      [add('/a', { x: 1 }), replace('/a/x', 2), add('/a/y', 3)],
      [add('/a', { x: 2, y: 3 })],
    ],
    [
      'drops changes inside a value that is replaced later',
      [replace('/a/b/c', 1), add('/a/d', 2), replace('/a', 3)],
      [replace('/a', 3)],
    ],
    [
      'drops changes inside a value that is removed later',
      [replace('/a/b', 1), move('/a/x', '/a/y'), remove('/a')],
      [remove('/a')],
    ],
    ['drops the replacement of a member that is removed later', [replace('/a', 'x'), remove('/a')], [remove('/a')]],
    ['turns a removal and an addition into a replacement', [remove('/a'), add('/a', 1)], [replace('/a', 1)]],
    [
      'turns a removal and an addition at an index into a replacement',
      [remove('/a/3'), add('/a/3', 1)],
      [replace('/a/3', 1)],
    ],
    [
      'shortens a value that is added and then removed',
      [add('/a', 'a long text'), remove('/a')],
      [add('/a', 0), remove('/a')],
    ],
    ['keeps a value that is added after the removal', [add('/a', 'x'), remove('/a'), add('/a', 'y')], [add('/a', 'y')]],
    [
      'applies later changes to inserted elements',
      [add('/a/3', { x: 1 }), add('/a/5', 0), replace('/a/3/x', 2)],
      [add('/a/3', { x: 2 }), add('/a/5', 0)],
    ],
    ['applies a move inside an added value', [add('/a', [1, 2]), move('/a/1', '/a/0')], [add('/a', [2, 1])]],
    [
      'drops everything before a new document',
      [replace('/a', 1), move('/b', '/c'), replace('', {})],
      [replace('', {})],
    ],
  ])('%s', ([, patch, compacted]) => {
    expect(compact(patch)).toEqual(compacted)
    expect(compact(compacted)).toEqual(compacted)
  })

  it.for<[string, Operation[]]>([
    ['an index that shifted', [replace('/a/3', 1), add('/a/1', 0), replace('/a/3', 2)]],
    ['an index that may have shifted', [remove('/a/0'), replace('/a/5/x', 1), add('/a/0', 2)]],
    ['an index on which a copy relies', [remove('/a/0'), copy('/a/1', '/b'), add('/a/0', 1)]],
    ['an index on which a test relies', [remove('/a/0'), check('/a/1', 1), add('/a/0', 1)]],
    ['two elements inserted at one index', [add('/a/0', 1), add('/a/0', 2)]],
    ['two elements removed at one index', [remove('/a/0'), remove('/a/0')]],
    ['two elements appended', [add('/a/-', 1), add('/a/-', 2)]],
    ['a value that was copied in between', [replace('/a', 1), copy('/a', '/b'), replace('/a', 2)]],
    ['a part that was copied in between', [replace('/a', { x: 1 }), copy('/a/x', '/b'), replace('/a/x', 2)]],
    ['a value that was moved in between', [replace('/a/x', 1), move('/a/x', '/b'), add('/a/x', 2)]],
    ['a part that became the whole', [replace('/a', { a: 1 }), move('/a', ''), replace('/a', 2)]],
  ])('keeps %s', ([, patch]) => {
    expect(compact(patch)).toEqual(patch)
  })

  it('returns a patch unchanged that applies to no document', () => {
    const patch = [add('/a', 1), replace('/a/b', 2)]
    expect(compact(patch)).toEqual(patch)
  })

  it.for<[Operation, string]>([
    [replace('a', 1), 'bad-pointer'],
    [replace('/__proto__/x', 1), 'forbidden-name'],
    [{ op: 'spam' as 'add', path: '/a' }, 'bad-operation'],
    [{ op: 'move', path: '/a' }, 'bad-operation'],
    [remove(''), 'bad-operation'],
    [{} as Operation, 'bad-operation'],
  ])('rejects %j: %s', ([operation, reason]) => {
    expect(() => compact([add('/a', 1), operation])).toThrow(expect.objectContaining({ reason, index: 1 }))
  })
})
