import fc from 'fast-check'
import type { Json, JsonObject } from '../../src/model/json.ts'
import { isForbiddenName } from '../../src/model/json-pointer.ts'

/** Names that pointers must escape, that look like indices, that objects inherit, or that are empty. */
const awkwardNames = [
  '',
  '/',
  '~',
  '~1',
  'a/b',
  'm~n',
  '0',
  '1',
  '01',
  '-',
  'length',
  'toString',
  'hasOwnProperty',
  'é',
  '🙂',
]

const name = fc
  .oneof({ weight: 3, arbitrary: fc.constantFrom('a', 'b', 'c', 'id') }, fc.constantFrom(...awkwardNames), fc.string())
  .filter((text) => !isForbiddenName(text))

const scalar: fc.Arbitrary<Json> = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 3 }) },
  fc.constantFrom(null, true, false, '', 'text', -0, 0.1, 1e300),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ unit: 'binary' }),
)

const tree = fc.letrec<{ value: Json; list: Json; object: Json }>((tie) => ({
  value: fc.oneof({ maxDepth: 4, depthIdentifier: 'json' }, scalar, tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 6, depthIdentifier: 'json' }),
  object: fc.dictionary(name, tie('value'), { maxKeys: 6, depthIdentifier: 'json' }),
}))

/** Any JSON value. The scalars and names are few, so that equal parts occur. */
export const json: fc.Arbitrary<Json> = tree.value

/** Any JSON object. */
export const jsonObject: fc.Arbitrary<JsonObject> = fc.dictionary(name, json, { maxKeys: 6 })

/** A list of records as services store them, with or without ids. */
const records = fc.uniqueArray(
  fc.record({ id: fc.nat(30), text: fc.string(), n: fc.nat(3) }, { requiredKeys: ['text'] }),
  {
    maxLength: 12,
    selector: ({ id, text }) => id ?? text,
  },
)

/** A typical edit of a list. */
type ListEdit = (list: readonly Json[]) => Json[]

const listEdit: fc.Arbitrary<ListEdit> = fc.oneof(
  fc.tuple(fc.nat(12), json).map(
    ([at, value]) =>
      (list: readonly Json[]) =>
        list.toSpliced(at, 0, value),
  ),
  fc.nat(12).map((at) => (list: readonly Json[]) => list.toSpliced(at, 1)),
  fc.tuple(fc.nat(12), json).map(
    ([at, value]) =>
      (list: readonly Json[]) =>
        list.toSpliced(at, 1, value),
  ),
  fc.tuple(fc.nat(12), fc.nat(12)).map(([from, to]) => (list: readonly Json[]) => {
    const without = list.toSpliced(from, 1)
    return without.toSpliced(to, 0, ...list.slice(from, from + 1))
  }),
  fc.tuple(fc.nat(12), fc.nat(3)).map(([at, n]) => (list: readonly Json[]) => {
    const element = list[at]
    return typeof element === 'object' && element !== null ? list.with(at, { ...element, n } as Json) : [...list]
  }),
)

/** A list before and after a few edits. Unchanged parts are shared by reference. */
export const editedList: fc.Arbitrary<[Json[], Json[]]> = fc
  .tuple(fc.oneof(records, fc.array(json, { maxLength: 10 })), fc.array(listEdit, { maxLength: 5 }))
  .map(([list, edits]) => [list as Json[], edits.reduce<Json[]>((now, edit) => edit(now), list as Json[])])

/** Two documents, unrelated or similar, with or without shared parts. */
export const documentPair: fc.Arbitrary<[JsonObject, JsonObject]> = fc.oneof(
  fc.tuple(jsonObject, jsonObject),
  fc.tuple(jsonObject, jsonObject).map(([a, b]): [JsonObject, JsonObject] => [a, { ...a, ...b }]),
  fc.tuple(jsonObject, editedList).map(([a, [from, to]]): [JsonObject, JsonObject] => [
    { ...a, list: from },
    { ...a, list: to },
  ]),
  fc
    .tuple(jsonObject, editedList)
    .map(([a, [from, to]]): [JsonObject, JsonObject] => [
      { ...a, nested: { list: from } },
      parsed({ ...a, nested: { list: to } }),
    ]),
)

/** Returns a copy of the value, as parsed from a message. */
export function parsed<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

/** Returns the size of a value as JSON in UTF-8 bytes, by encoding it. */
export function textBytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length
}
