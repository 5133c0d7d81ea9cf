import { closeSync, openSync, writeSync } from 'node:fs'
import { now } from '../work/clock.ts'
import type { Entry, Intent, Ledger, Outcome } from './entry.ts'

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** A write as its writer names it. */
export type NewIntent = Without<Intent, 'n' | 'at'>
/** What became of it, as its writer was told. */
export type NewOutcome = Without<Outcome, 'n' | 'at'>

/** Lines of a file. Each is handed to the system before the call returns: a killed writer loses none. */
export class LedgerFile {
  readonly #file: number
  #last = 0

  constructor(path: string) {
    this.#file = openSync(path, 'wx')
  }

  /** Before the write is sent. Answers its number, from 1. */
  begin(intent: NewIntent): number {
    const n = ++this.#last
    this.#write({ ...intent, n, at: now() })
    return n
  }

  /** After the answer. */
  end(n: number, outcome: NewOutcome): void {
    this.#write({ ...outcome, n, at: now() })
  }

  close(): void {
    closeSync(this.#file)
  }

  #write(line: Intent | Outcome): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`)
  }
}

/** Reads a ledger; a last line that was not written to its end counts as not written. */
export function readLedger(writer: string, text: string): Ledger {
  const entries = new Map<number, { intent: Intent; outcome: Outcome | undefined }>()
  const lines = text.split('\n').slice(0, -1)
  for (const line of lines) {
    const read = JSON.parse(line) as Intent | Outcome
    if ('op' in read) entries.set(read.n, { intent: read, outcome: undefined })
    else {
      const entry = entries.get(read.n)
      if (!entry) throw new Error(`${writer}: the ledger tells the end of ${read.n}, but not its beginning`)
      entry.outcome = read
    }
  }
  return { writer, entries: [...entries.values()] satisfies Entry[] }
}
