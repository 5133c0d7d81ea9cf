/** A feed that cannot be read; the message names the file and, where it has one, the line. */
export class FeedError extends Error {
  override readonly name = 'FeedError'

  constructor(file: string, line: number | undefined, what: string, options?: ErrorOptions) {
    super(`${line === undefined ? file : `${file}:${line}`}: ${what}`, options)
  }
}
