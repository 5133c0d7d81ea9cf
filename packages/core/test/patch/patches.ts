import fc from 'fast-check'
import type { Json } from '../../src/model/json.ts'
import { apply, formatPointer, type Operation } from '../../src/patch/index.ts'
import { json, jsonObject } from './documents.ts'

/** Random choices from which `applicable` builds an operation. */
interface Choice {
  readonly op: Operation['op']
  readonly path: number
  readonly from: number
  readonly value: Json
  readonly name: string
}

const choice: fc.Arbitrary<Choice> = fc.record({
  op: fc.constantFrom('add', 'add', 'add', 'remove', 'remove', 'replace', 'replace', 'move', 'copy', 'test'),
  path: fc.nat(),
  from: fc.nat(),
  value: fc.oneof(json, fc.nat(3)),
  name: fc.constantFrom('a', 'b', '0', '1', '-', 'x/y'),
})

/** A document with few locations, so that operations affect each other. */
const smallDocument: fc.Arbitrary<Json> = fc.record({
  a: fc.array(fc.oneof(fc.nat(3), fc.record({ b: fc.nat(3) })), { maxLength: 4 }),
  b: fc.dictionary(fc.constantFrom('0', '1', 'a'), fc.nat(3)),
})

const document: fc.Arbitrary<Json> = fc.oneof(jsonObject, smallDocument)

/** A document and a patch that applies to it. */
export const documentAndPatch: fc.Arbitrary<{ document: Json; patch: Operation[] }> = fc
  .tuple(document, fc.array(choice, { maxLength: 25 }))
  .map(([document, choices]) => ({ document, patch: applicable(document, choices) }))

/** A document and a patch without `copy` and `test`, like a result of `diff`. */
export const documentAndWrites: fc.Arbitrary<{ document: Json; patch: Operation[] }> = fc
  .tuple(document, fc.array(choice, { maxLength: 25 }))
  .map(([document, choices]) => ({
    document,
    patch: applicable(
      document,
      choices.filter(({ op }) => op !== 'copy' && op !== 'test'),
    ),
  }))

function applicable(document: Json, choices: readonly Choice[]): Operation[] {
  const patch: Operation[] = []
  let now = document
  for (const each of choices) {
    const operation = operationFor(now, each)
    if (operation === undefined) continue
    patch.push(operation)
    now = apply(now, [operation])
    // copies of copies would grow without bound
    if (JSON.stringify(now).length > 20_000) break
  }
  return patch
}

function operationFor(document: Json, { op, path, from, value, name }: Choice): Operation | undefined {
  const pointers = existing(document)
  const pick = (n: number): string => pointers[n % pointers.length] as string
  const at = pick(path)
  switch (op) {
    case 'add':
      return { op, path: target(document, at, name, path), value }
    case 'replace':
      return { op, path: at, value }
    case 'remove':
      return at === '' ? undefined : { op, path: at }
    case 'test':
      return { op, path: at, value: valueAt(document, at) }
    case 'copy':
      return { op, from: pick(from), path: target(document, at, name, path) }
    case 'move': {
      const source = pick(from)
      if (source === '' || at === source || at.startsWith(`${source}/`)) return undefined
      const without = apply(document, [{ op: 'remove', path: source }])
      const left = existing(without)
      const to = target(without, left[path % left.length] as string, name, from)
      // `apply` rejects a path below its own source by text, although the removal has shifted indices
      return to.startsWith(`${source}/`) ? undefined : { op, from: source, path: to }
    }
  }
}

/** Returns a pointer at which a value can be added: inside the container at `at`, or in place of its value. */
function target(document: Json, at: string, name: string, n: number): string {
  const value = valueAt(document, at)
  if (Array.isArray(value)) return `${at}/${n % 3 === 0 ? '-' : n % (value.length + 1)}`
  if (typeof value === 'object' && value !== null) return at + formatPointer([name])
  return at
}

function existing(value: Json, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return [at]
  const members = Array.isArray(value) ? value.map((each, i) => [String(i), each] as const) : Object.entries(value)
  return [at, ...members.flatMap(([name, each]) => existing(each as Json, at + formatPointer([name])))]
}

function valueAt(document: Json, pointer: string): Json {
  let value: unknown = document
  for (const token of pointer.split('/').slice(1)) {
    value = (value as Record<string, unknown>)[token.replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  return value as Json
}
