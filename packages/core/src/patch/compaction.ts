import { PatchError } from '../model/errors.ts'
import type { Json } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import { toJson } from '../model/to-json.ts'
import { PathNode } from './compaction-tree.ts'
import { CopyOnWrite } from './copy-on-write.ts'
import { failAt, type Location, parseLocation } from './location.ts'
import { parseIndex } from './pointer.ts'

/** An operation of the compacted patch. */
interface Entry {
  operation: Operation
  /** The value, once later operations have been folded into it. */
  draft: CopyOnWrite | undefined
  /** For a `remove`: the earlier `add` at the same path, whose value no longer matters; or -1. */
  added: number
}

/** Smallest possible value, for an `add` whose result is removed again later. */
const PLACEHOLDER_VALUE = 0

/** Builds a compacted patch, one operation at a time. */
export class Compaction {
  readonly #entries: (Entry | undefined)[] = []
  readonly #root = new PathNode()

  /** Adds the next operation. @throws PatchError if it is malformed or applies to no document */
  add(operation: Operation, index: number): void {
    if (typeof operation?.path !== 'string')
      throw new PatchError('bad-operation', index, '', 'expected a path, got none')
    const at = parseLocation(operation.path, index, '')
    switch (operation.op) {
      case 'add':
      case 'replace':
      case 'remove':
        this.#write(operation, at)
        break
      case 'move':
        this.#move(operation, at, this.#sourceOf(operation, at))
        break
      case 'copy':
        this.#copy(operation, at, this.#sourceOf(operation, at))
        break
      case 'test':
        this.#seal(at.tokens)
        this.#append(operation, at.tokens)
        break
      default:
        failAt(
          'bad-operation',
          at,
          `expected an operation of RFC 6902, got ${JSON.stringify((operation as { op: unknown }).op)}`,
        )
    }
  }

  /** Returns the compacted patch. */
  finish(): Operation[] {
    const operations: Operation[] = []
    for (const entry of this.#entries) {
      if (entry === undefined) continue
      const { operation, draft } = entry
      operations.push(draft === undefined ? operation : { ...operation, value: draft.finish() })
    }
    return operations
  }

  #write(operation: Operation, at: Location): void {
    if (operation.op === 'remove' && at.tokens.length === 0)
      failAt('bad-operation', at, 'expected a path inside the document, got the whole document')
    if (this.#fold(at, at.tokens.length - 1, (draft, depth) => write(draft, operation, inside(at, depth)))) return
    const last = at.tokens.at(-1)
    const parent = this.#parentNode(at.tokens)
    const node = parent === undefined ? this.#root : parent.ensureChild(last as string)
    const isElement = last !== undefined && (last === '-' || parseIndex(last) !== undefined)
    const before = this.#lastWriteEntry(node)
    if (before !== undefined && this.#merge(operation, before, node, parent, isElement)) return

    const added = operation.op === 'remove' && before?.operation.op === 'add' ? node.lastWrite : -1
    if (operation.op === 'remove' && before?.operation.op === 'replace') this.#drop([node.lastWrite])
    // An `add` at an index overwrites nothing; every other write does.
    if (operation.op !== 'add' || !isElement) this.#drop(node.overwrite())
    const entry = this.#append(operation, at.tokens, parent)
    if (isElement && operation.op !== 'replace') parent?.shift(last)
    // The shift has dropped the node, so look it up again.
    const shifted = this.#nodeAt(at.tokens, at.tokens.length)
    shifted.lastWrite = entry
    shifted.lastTouch = entry
    if (added < 0) return
    this.#setValue(added, PLACEHOLDER_VALUE)
    ;(this.#entries[entry] as Entry).added = added
  }

  /** Merges the operation into the previous write of the same path, if the result is equivalent. */
  #merge(
    operation: Operation,
    before: Entry,
    node: PathNode,
    parent: PathNode | undefined,
    isElement: boolean,
  ): boolean {
    const { op } = before.operation
    if (operation.op === 'remove') return false
    if (op !== 'remove') {
      if (operation.op === 'add' && isElement) return false
      this.#setValue(node.lastWrite, operation.value)
      return true
    }
    // Restores a removed value. For an element only if no index was used in between, because those indices did not
    // count it.
    if (operation.op !== 'add' || (isElement && parent?.lastTouch !== node.lastWrite)) return false
    if (before.added < 0) {
      before.operation = { op: 'replace', path: operation.path, value: operation.value }
    } else {
      this.#drop([node.lastWrite])
      node.lastWrite = before.added
      this.#setValue(node.lastWrite, operation.value)
    }
    return true
  }

  #move(operation: Operation, at: Location, from: Location): void {
    let depth = Math.min(at.tokens.length, from.tokens.length) - 1
    for (let i = 0; i < depth; i++) if (at.tokens[i] !== from.tokens[i]) depth = i
    if (depth < 0) {
      // The move replaces a container by one of its parts, so nothing can be folded with it.
      this.#root.seal()
      this.#append(operation, [])
      return
    }
    if (this.#fold(at, depth, (draft, d) => draft.add(inside(at, d), draft.remove(inside(from, d))))) return
    const node = this.#nodeAt(at.tokens, depth)
    node.detachChildren()
    this.#append(operation, at.tokens.slice(0, depth), node)
  }

  #copy(operation: Operation, at: Location, from: Location): void {
    this.#seal(from.tokens)
    this.#seal(at.tokens)
    this.#touch(from.tokens, this.#append(operation, at.tokens))
    this.#parentNode(at.tokens)?.shift(at.tokens.at(-1) as string)
  }

  /** Folds an operation into an earlier write of an ancestor value, at most `maxDepth` tokens from the root. */
  #fold(at: Location, maxDepth: number, change: (draft: CopyOnWrite, depth: number) => void): boolean {
    let node: PathNode | undefined = this.#root
    for (let i = 0; i <= maxDepth && node !== undefined; i++) {
      const entry = this.#lastWriteEntry(node)
      if (entry !== undefined && entry.operation.op !== 'remove') {
        entry.draft ??= new CopyOnWrite(toJson(entry.operation.value))
        change(entry.draft, i)
        return true
      }
      node = node.child(at.tokens[i] as string)
    }
    return false
  }

  /** Appends an operation. With `inside`, the operation is dropped once that value is overwritten. */
  #append(operation: Operation, tokens: readonly string[], inside?: PathNode): number {
    const entry = this.#entries.push({ operation, draft: undefined, added: -1 }) - 1
    inside?.inside.push(entry)
    this.#touch(tokens, entry)
    return entry
  }

  #touch(tokens: readonly string[], entry: number): void {
    let node = this.#root
    node.lastTouch = entry
    for (const token of tokens) {
      node = node.ensureChild(token)
      node.lastTouch = entry
    }
  }

  /** Fixes earlier operations at, above and below a path that the current operation reads. */
  #seal(tokens: readonly string[]): void {
    let node = this.#root
    for (const token of tokens) {
      node.sealSelf()
      node = node.ensureChild(token)
    }
    node.seal()
  }

  #lastWriteEntry({ lastWrite }: PathNode): Entry | undefined {
    return lastWrite < 0 ? undefined : this.#entries[lastWrite]
  }

  #setValue(at: number, value: unknown): void {
    const entry = this.#entries[at] as Entry
    entry.draft = undefined
    entry.operation = { op: entry.operation.op, path: entry.operation.path, value }
  }

  #drop(entries: readonly number[]): void {
    for (const entry of entries) this.#entries[entry] = undefined
  }

  #nodeAt(tokens: readonly string[], depth: number): PathNode {
    let node = this.#root
    for (let i = 0; i < depth; i++) node = node.ensureChild(tokens[i] as string)
    return node
  }

  /** Returns the node of the last token's container; `undefined` for the whole document. */
  #parentNode(tokens: readonly string[]): PathNode | undefined {
    return tokens.length === 0 ? undefined : this.#nodeAt(tokens, tokens.length - 1)
  }

  #sourceOf({ from }: Operation, at: Location): Location {
    return typeof from === 'string'
      ? parseLocation(from, at.index, '')
      : failAt('bad-operation', at, 'expected a from path, got none')
  }
}

/** Returns the location relative to a value `depth` tokens from the root. */
function inside(at: Location, depth: number): Location {
  return { ...at, tokens: at.tokens.slice(depth) }
}

function write(draft: CopyOnWrite, { op, value }: Operation, at: Location): void {
  if (op === 'remove') draft.remove(at)
  else if (op === 'add') draft.add(at, toJson(value) as Json)
  else draft.replace(at, toJson(value) as Json)
}
