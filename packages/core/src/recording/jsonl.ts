import { RecordingError } from '../model/errors.ts'

/** Text in chunks of any size, as files and sockets deliver it. */
export type TextChunks = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>

/** One line without its line feed. */
export interface TextLine {
  /** Line number, from 1. */
  readonly number: number
  readonly text: string
  /** Whether the line ended with a line feed. */
  readonly isTerminated: boolean
}

const LINE_FEED = 10
const MAX_LINE_BYTES = 64 * 1024 * 1024
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Splits text into lines. Splits before decoding, so that invalid UTF-8 is reported with its line.
 * @throws RecordingError (`SYNC_RECORDING`) with the number of a line that is not UTF-8 or exceeds 64 MiB
 */
export async function* splitLines(chunks: TextChunks): AsyncGenerator<TextLine, void, void> {
  const line = new LineBuffer()
  for await (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? encoder.encode(chunk) : chunk
    let start = 0
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      line.add(bytes.subarray(start, end))
      yield line.take(true)
      start = end + 1
    }
    line.add(bytes.subarray(start))
  }
  if (!line.empty) yield line.take(false)
}

/** Buffers the incomplete line. */
class LineBuffer {
  #number = 1
  #pieces: Uint8Array[] = []
  #size = 0

  get empty(): boolean {
    return this.#size === 0
  }

  add(piece: Uint8Array): void {
    if (piece.length === 0) return
    this.#size += piece.length
    if (this.#size > MAX_LINE_BYTES)
      throw new RecordingError('damaged', this.#number, 'expected a line of at most 64 MiB, got a longer one')
    this.#pieces.push(piece)
  }

  take(isTerminated: boolean): TextLine {
    const number = this.#number++
    const bytes = this.#concatenated()
    this.#pieces = []
    this.#size = 0
    try {
      return { number, text: decoder.decode(bytes), isTerminated }
    } catch (cause) {
      // A file can be cut anywhere, also inside a character.
      throw new RecordingError(isTerminated ? 'damaged' : 'truncated', number, 'expected UTF-8, got invalid bytes', {
        cause,
      })
    }
  }

  #concatenated(): Uint8Array {
    const [only = new Uint8Array(), ...more] = this.#pieces
    if (more.length === 0) return only
    const bytes = new Uint8Array(this.#size)
    let at = 0
    for (const piece of this.#pieces) {
      bytes.set(piece, at)
      at += piece.length
    }
    return bytes
  }
}
