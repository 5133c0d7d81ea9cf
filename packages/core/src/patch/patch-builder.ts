import type { Json } from '../model/json.ts'
import { fitsJsonBytes, jsonBytes } from '../model/json-bytes.ts'
import type { Operation } from '../model/operation.ts'

/** Bytes of the operations that a diff writes, without path and value, with the comma that follows in the patch. */
const OVERHEAD_BYTES = {
  add: '{"op":"add","path":,"value":},'.length,
  remove: '{"op":"remove","path":},'.length,
  replace: '{"op":"replace","path":,"value":},'.length,
  move: '{"op":"move","from":,"path":},'.length,
}

/** An operation that a diff writes. */
interface DiffOperation {
  readonly op: keyof typeof OVERHEAD_BYTES
  readonly path: string
  readonly from?: string
  readonly value?: Json
}

/** The operations of a patch in the making. What they take as JSON is counted when someone asks, and once only. */
export class PatchBuilder {
  readonly #operations: DiffOperation[] = []
  /** Bytes of the first operations; the others are not counted yet. */
  readonly #bytes: number[] = []

  get operations(): Operation[] {
    return this.#operations
  }

  /** How many operations there are: a place to come back to. */
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

  /** Replaces the whole value at `path` instead of all operations after the first `mark`, if that takes no more bytes. */
  replaceIfSmaller(mark: number, path: string, value: Json): void {
    if (this.length === mark || this.#isSingleAddition(mark)) return
    const left = this.#bytesSince(mark) - OVERHEAD_BYTES.replace - jsonBytes(path)
    if (left <= 0 || !fitsJsonBytes(value, left)) return
    this.#operations.length = mark
    this.#bytes.length = mark
    this.replace(path, value)
  }

  /** One new part under its name: never more than the whole, which has both. Escapes could make a name longer. */
  #isSingleAddition(mark: number): boolean {
    const { value, path } = this.#operations[mark] as DiffOperation
    return this.length === mark + 1 && value !== undefined && !path.includes('~')
  }

  /** Whether the patch, as a JSON array, takes fewer bytes than this value. */
  isSmallerThan(value: Json): boolean {
    // Two brackets are added, and the last comma is none.
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
