import { setFlagsFromString } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { deepFreeze, type Json, type JsonObject } from '../../src/model/json.ts'
import { apply, applyFields, type FieldPatch, type Operation, toJson } from '../../src/patch/index.ts'

setFlagsFromString('--allow-natives-syntax')
const isCompact = new Function('object', 'return %HasFastProperties(object)') as (object: Json | undefined) => boolean

/** A document of 63 fields in V8's compact layout. V8 turns it into a hash table at any `delete`. */
const document = deepFreeze(
  JSON.parse(JSON.stringify(Object.fromEntries(Array.from({ length: 63 }, (_, i) => [`field${i}`, i])))) as JsonObject,
)
const many = Array.from({ length: 200 }, (_, i) => i)

describe('object layout in V8 (half the memory)', () => {
  it('is compact in a parsed document, and not after a delete', () => {
    expect(isCompact(document)).toBe(true)
    const { ...copy } = document as Record<string, Json>
    delete copy['field3']
    expect(isCompact(copy)).toBe(false)
  })

  it.for([1, 5, 40])('stays compact when a patch removes %d members', (n) => {
    const patch = many.slice(0, n).map((i): Operation => ({ op: 'remove', path: `/field${i}` }))
    const inner = patch.map(({ path }): Operation => ({ op: 'remove', path: `/inner${path}` }))
    const fields = many.slice(0, n).map((i): FieldPatch => ({ field: `field${i}`, kind: 'removed' }))
    expect(isCompact(apply(document, patch))).toBe(true)
    expect(isCompact((apply({ inner: document }, inner) as JsonObject)['inner'])).toBe(true)
    expect(isCompact(applyFields(document, fields))).toBe(true)
  })

  it('stays compact when many members are added, at once or one by one', () => {
    // each case has its own names: V8 remembers member orders and would not choose the layout again
    const patch = (name: string): Operation[] => many.map((i) => ({ op: 'add', path: `/${name}${i}`, value: i }))
    const fields = (name: string): FieldPatch[] => many.map((i) => ({ field: name + i, kind: 'whole', value: i }))
    expect(isCompact(apply(document, patch('a')))).toBe(true)
    expect(isCompact(applyFields(document, fields('b')))).toBe(true)
    let one: Json = document
    for (const operation of patch('c')) {
      one = apply(one, [operation])
      expect(isCompact(one)).toBe(true)
    }
    let other: JsonObject = document
    for (const field of fields('d')) {
      other = applyFields(other, [field])
      expect(isCompact(other)).toBe(true)
    }
  })

  it('becomes compact when toJson() takes over a value', () => {
    const { ...hashed } = document as Record<string, Json>
    delete hashed['field3']
    expect(isCompact(toJson(hashed))).toBe(true)
  })
})
