/** A text file of the repository, able to name the line of an offset. */
export class Source {
  /** Path relative to the root of the repository, with forward slashes. */
  readonly file: string
  readonly text: string
  readonly #lineStarts: readonly number[]

  constructor(file: string, text: string) {
    this.file = file
    this.text = text
    this.#lineStarts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)]
  }

  /** Returns the number of the line that contains `offset`, counted from 1. */
  lineAt(offset: number): number {
    let [low, high] = [0, this.#lineStarts.length]
    while (low + 1 < high) {
      const middle = (low + high) >> 1
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}
