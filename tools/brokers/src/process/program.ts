/** A program that can be started, and where it came from. */
export interface Program {
  readonly command: string
  /** What comes before the arguments of each start. */
  readonly args: readonly string[]
  /** Added to this process's environment. */
  readonly env: Readonly<Record<string, string>>
  readonly version: string
  /** For people: "on the PATH", "Debian's packages in …". */
  readonly source: string
}
