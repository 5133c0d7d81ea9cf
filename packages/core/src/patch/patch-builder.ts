import type { Json } from '../model/json.ts'
import { fitsJsonBytes, jsonBytes } from '../model/json-bytes.ts'
import type { Operation } from '../model/operation.ts'

/** Bytes per kind of operation, without path and value, including the comma that follows. */
const OVERHEAD_BYTES = {
  add: '{"op":"add","path":,"value":},'.length,
  remove: '{"op":"remove","path":},'.length,
  replace: '{"op":"replace","path":,"value":},'.length,
  move: '{"op":"move","from":,"path":},'.length,
}

/** Operation written by a diff. */
interface DiffOperation {
  readonly op: keyof typeof OVERHEAD_BYTES
  readonly path: string
  readonly from?: string
  readonly value?: Json
}

/** Collects the operations of a patch. Their size as JSON is computed on demand, once per operation. */
export class PatchBuilder {
  readonly #operations: DiffOperation[] = []
  /** Sizes of the first operations in bytes; the rest is not computed yet. */
  readonly #bytes: number[] = []

  get operations(): Operation[] {
    return this.#operations
  }

  /** Number of operations; also a mark for `replaceIfSmaller`. */
  get length(): number {
    return this.#operations.length
  }

  add(path: string, value: Json): void {
    this.#operations.push({ op: 'add', path, value })
  }

  replace(path: string, value: Json): void {
    this.#operations.push({ op: 'replace', path, value })
  }

  remove(path: string): void {
    this.#operations.push({ op: 'remove', path })
  }

  move(from: string, path: string): void {
    this.#operations.push({ op: 'move', from, path })
  }

  /**
   * Replaces all operations after the first `mark` by one that replaces the value at `path`, unless that has more
   * bytes.
   */
  replaceIfSmaller(mark: number, path: string, value: Json): void {
    if (this.length === mark || this.#isSingleAddition(mark)) return
    const left = this.#bytesSince(mark) - OVERHEAD_BYTES.replace - jsonBytes(path)
    if (left <= 0 || !fitsJsonBytes(value, left)) return
    this.#operations.length = mark
    this.#bytes.length = mark
    this.replace(path, value)
  }

  /**
   * Whether the only operation since `mark` adds one named part. It is never longer than the whole value, which
   * contains both name and part, unless escapes lengthen the name.
   */
  #isSingleAddition(mark: number): boolean {
    const { value, path } = this.#operations[mark] as DiffOperation
    return this.length === mark + 1 && value !== undefined && !path.includes('~')
  }

  /** Whether the patch as a JSON array has fewer bytes than the value. */
  isSmallerThan(value: Json): boolean {
    // Two brackets are added, and the last comma is omitted.
    return !fitsJsonBytes(value, this.#bytesSince(0) + 1)
  }

  #bytesSince(mark: number): number {
    for (let i = this.#bytes.length; i < this.length; i++)
      this.#bytes.push(bytesOf(this.#operations[i] as DiffOperation))
    let sum = 0
    for (let i = mark; i < this.length; i++) sum += this.#bytes[i] as number
    return sum
  }
}

function bytesOf({ op, path, from, value }: DiffOperation): number {
  const bytes = OVERHEAD_BYTES[op] + jsonBytes(path)
  if (from !== undefined) return bytes + jsonBytes(from)
  return value === undefined ? bytes : bytes + jsonBytes(value)
}
