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
  /** Its value, once later operations were folded into it. */
  draft: CopyOnWrite | undefined
  /** Of a `remove`: the `add` of the same place before it, whose value no longer matters. */
  added: number
}

/** A value for what is removed again later: the smallest there is. */
const PLACEHOLDER_VALUE = 0

/** The compacted form of the operations taken so far. */
export class Compaction {
  readonly #entries: (Entry | undefined)[] = []
  readonly #root = new PathNode()

  /** Puts the next operation in. @throws PatchError if it is malformed, or applies to no document */
  add(operation: Operation, index: number): void {
    if (typeof operation?.path !== 'string') throw new PatchError('bad-operation', index, '', 'no path')
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
        failAt('bad-operation', at, `no such operation: ${JSON.stringify((operation as { op: unknown }).op)}`)
    }
  }

  /** The compacted patch. */
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
    if (operation.op === 'remove' && at.tokens.length === 0) failAt('bad-operation', at, 'the document cannot go')
    if (this.#fold(at, at.tokens.length - 1, (draft, depth) => write(draft, operation, inside(at, depth)))) return
    const last = at.tokens.at(-1)
    const parent = this.#parentNode(at.tokens)
    const node = parent === undefined ? this.#root : parent.ensureChild(last as string)
    const isElement = last !== undefined && (last === '-' || parseIndex(last) !== undefined)
    const before = this.#lastWriteEntry(node)
    if (before !== undefined && this.#merge(operation, before, node, parent, isElement)) return

    const added = operation.op === 'remove' && before?.operation.op === 'add' ? node.lastWrite : -1
    if (operation.op === 'remove' && before?.operation.op === 'replace') this.#drop([node.lastWrite])
    // An `add` at an index puts nothing in the place of another value, all else does.
    if (operation.op !== 'add' || !isElement) this.#drop(node.overwrite())
    const entry = this.#append(operation, at.tokens, parent)
    if (isElement && operation.op !== 'replace') parent?.shift(last)
    // A shift has forgotten the place: what is known of it begins with this operation.
    const shifted = this.#nodeAt(at.tokens, at.tokens.length)
    shifted.lastWrite = entry
    shifted.lastTouch = entry
    if (added < 0) return
    this.#setValue(added, PLACEHOLDER_VALUE)
    ;(this.#entries[entry] as Entry).added = added
  }

  /** Does what the operation does by changing the one that wrote the same place before, where that is the same. */
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
    // What was removed comes back. Of an element only if no index was used in between: it counted without it.
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
      // It brings a part in the place of the whole, which nothing here can be folded with.
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

  /** Folds an operation into one that brought a value to a place above, at most `deepest` tokens from the root. */
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

  /** Puts an operation at the end. It is `inside` a place: without effect once that is written anew. */
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

  /** Someone looks at a place: what happened there, above it and below stays as it is. */
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

  /** The place of the container that holds the last token; none for the whole document. */
  #parentNode(tokens: readonly string[]): PathNode | undefined {
    return tokens.length === 0 ? undefined : this.#nodeAt(tokens, tokens.length - 1)
  }

  #sourceOf({ from }: Operation, at: Location): Location {
    return typeof from === 'string' ? parseLocation(from, at.index, '') : failAt('bad-operation', at, 'no from')
  }
}

/** The same location as seen from a value `depth` tokens from the root. */
function inside(at: Location, depth: number): Location {
  return { ...at, tokens: at.tokens.slice(depth) }
}

function write(draft: CopyOnWrite, { op, value }: Operation, at: Location): void {
  if (op === 'remove') draft.remove(at)
  else if (op === 'add') draft.add(at, toJson(value) as Json)
  else draft.replace(at, toJson(value) as Json)
}
