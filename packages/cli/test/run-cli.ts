import { main } from '@sync/cli'

/** Result of a command. */
export interface Ended {
  readonly code: number
  readonly out: string
  readonly error: string
}

/** Runs the command in this process, without colours. */
export async function runCli(
  args: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<Ended> {
  const out: string[] = []
  const errors: string[] = []
  const code = await main(args, {
    print: (line) => out.push(line),
    printError: (line) => errors.push(line),
    hasColors: false,
    signal,
  })
  return { code, out: out.join('\n'), error: errors.join('\n') }
}
