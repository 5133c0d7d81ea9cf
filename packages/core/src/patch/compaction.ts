import { PatchError } from '../model/errors.ts'
import type { Json } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import { toJson } from '../model/to-json.ts'
import { Place } from './compaction-place.ts'
import { CopyOnWrite } from './copy-on-write.ts'
import { type Location, locate, refuse } from './location.ts'
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
const ANY_VALUE = 0

/** The compacted form of the operations taken so far. */
export class Compaction {
  readonly #entries: (Entry | undefined)[] = []
  readonly #root = new Place()

  /** Puts the next operation in. @throws PatchError if it is malformed, or applies to no document */
  take(operation: Operation, index: number): void {
    if (typeof operation?.path !== 'string') throw new PatchError('bad-operation', index, '', 'no path')
    const at = locate(operation.path, index, '')
    switch (operation.op) {
      case 'add':
      case 'replace':
      case 'remove':
        this.#write(operation, at)
        break
      case 'move':
        this.#move(operation, at, this.#from(operation, at))
        break
      case 'copy':
        this.#copy(operation, at, this.#from(operation, at))
        break
      case 'test':
        this.#seal(at.tokens)
        this.#append(operation, at.tokens)
        break
      default:
        refuse('bad-operation', at, `no such operation: ${JSON.stringify((operation as { op: unknown }).op)}`)
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
    if (operation.op === 'remove' && at.tokens.length === 0) refuse('bad-operation', at, 'the document cannot go')
    if (this.#fold(at, at.tokens.length - 1, (draft, depth) => write(draft, operation, inside(at, depth)))) return
    const last = at.tokens.at(-1)
    const holder = this.#holder(at.tokens)
    const place = holder === undefined ? this.#root : holder.below(last as string)
    const isElement = last !== undefined && (last === '-' || parseIndex(last) !== undefined)
    const before = this.#lastWrite(place)
    if (before !== undefined && this.#merge(operation, before, place, holder, isElement)) return

    const added = operation.op === 'remove' && before?.operation.op === 'add' ? place.write : -1
    if (operation.op === 'remove' && before?.operation.op === 'replace') this.#drop([place.write])
    // An `add` at an index puts nothing in the place of another value, all else does.
    if (operation.op !== 'add' || !isElement) this.#drop(place.overwrite())
    const entry = this.#append(operation, at.tokens, holder)
    if (isElement && operation.op !== 'replace') holder?.shift(last)
    // A shift has forgotten the place: what is known of it begins with this operation.
    const anew = this.#place(at.tokens, at.tokens.length)
    anew.write = entry
    anew.touched = entry
    if (added < 0) return
    this.#revalue(added, ANY_VALUE)
    ;(this.#entries[entry] as Entry).added = added
  }

  /** Does what the operation does by changing the one that wrote the same place before, where that is the same. */
  #merge(operation: Operation, before: Entry, place: Place, holder: Place | undefined, isElement: boolean): boolean {
    const { op } = before.operation
    if (operation.op === 'remove') return false
    if (op !== 'remove') {
      if (operation.op === 'add' && isElement) return false
      this.#revalue(place.write, operation.value)
      return true
    }
    // What was removed comes back. Of an element only if no index was used in between: it counted without it.
    if (operation.op !== 'add' || (isElement && holder?.touched !== place.write)) return false
    if (before.added < 0) {
      before.operation = { op: 'replace', path: operation.path, value: operation.value }
    } else {
      this.#drop([place.write])
      place.write = before.added
      this.#revalue(place.write, operation.value)
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
    const place = this.#place(at.tokens, depth)
    place.blur()
    this.#append(operation, at.tokens.slice(0, depth), place)
  }

  #copy(operation: Operation, at: Location, from: Location): void {
    this.#seal(from.tokens)
    this.#seal(at.tokens)
    this.#touch(from.tokens, this.#append(operation, at.tokens))
    this.#holder(at.tokens)?.shift(at.tokens.at(-1) as string)
  }

  /** Folds an operation into one that brought a value to a place above, at most `deepest` tokens from the root. */
  #fold(at: Location, deepest: number, change: (draft: CopyOnWrite, depth: number) => void): boolean {
    let place: Place | undefined = this.#root
    for (let i = 0; i <= deepest && place !== undefined; i++) {
      const entry = this.#lastWrite(place)
      if (entry !== undefined && entry.operation.op !== 'remove') {
        entry.draft ??= new CopyOnWrite(toJson(entry.operation.value))
        change(entry.draft, i)
        return true
      }
      place = place.known(at.tokens[i] as string)
    }
    return false
  }

  /** Puts an operation at the end. It is `inside` a place: without effect once that is written anew. */
  #append(operation: Operation, tokens: readonly string[], inside?: Place): number {
    const entry = this.#entries.push({ operation, draft: undefined, added: -1 }) - 1
    inside?.inside.push(entry)
    this.#touch(tokens, entry)
    return entry
  }

  #touch(tokens: readonly string[], entry: number): void {
    let place = this.#root
    place.touched = entry
    for (const token of tokens) {
      place = place.below(token)
      place.touched = entry
    }
  }

  /** Someone looks at a place: what happened there, above it and below stays as it is. */
  #seal(tokens: readonly string[]): void {
    let place = this.#root
    for (const token of tokens) {
      place.sealAbove()
      place = place.below(token)
    }
    place.seal()
  }

  #lastWrite({ write }: Place): Entry | undefined {
    return write < 0 ? undefined : this.#entries[write]
  }

  #revalue(at: number, value: unknown): void {
    const entry = this.#entries[at] as Entry
    entry.draft = undefined
    entry.operation = { op: entry.operation.op, path: entry.operation.path, value }
  }

  #drop(entries: readonly number[]): void {
    for (const entry of entries) this.#entries[entry] = undefined
  }

  #place(tokens: readonly string[], depth: number): Place {
    let place = this.#root
    for (let i = 0; i < depth; i++) place = place.below(tokens[i] as string)
    return place
  }

  /** The place of the container that holds the last token; none for the whole document. */
  #holder(tokens: readonly string[]): Place | undefined {
    return tokens.length === 0 ? undefined : this.#place(tokens, tokens.length - 1)
  }

  #from({ from }: Operation, at: Location): Location {
    return typeof from === 'string' ? locate(from, at.index, '') : refuse('bad-operation', at, 'no from')
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
