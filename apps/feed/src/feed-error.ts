/** A feed file that cannot be read. The message contains the file and, if known, the line. */
export class FeedError extends Error {
  override readonly name = 'FeedError'

  constructor(file: string, line: number | undefined, reason: string, options?: ErrorOptions) {
    super(`${line === undefined ? file : `${file}:${line}`}: ${reason}`, options)
  }
}
