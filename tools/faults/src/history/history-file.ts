import { closeSync, openSync, writeSync } from 'node:fs'
import { now } from '../workload/clock.ts'
import type { Completion, Invocation, Operation, OperationHistory } from './operation.ts'

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** A write as its writer names it. */
export type NewInvocation = Without<Invocation, 'n' | 'at'>
/** What became of it, as its writer was told. */
export type NewCompletion = Without<Completion, 'n' | 'at'>

/** Lines of a file. Each is handed to the system before the call returns: a killed writer loses none. */
export class HistoryFile {
  readonly #file: number
  #last = 0

  constructor(path: string) {
    this.#file = openSync(path, 'wx')
  }

  /** Before the write is sent. Answers its number, from 1. */
  recordInvocation(invocation: NewInvocation): number {
    const n = ++this.#last
    this.#write({ ...invocation, n, at: now() })
    return n
  }

  /** After the answer. */
  recordCompletion(n: number, completion: NewCompletion): void {
    this.#write({ ...completion, n, at: now() })
  }

  close(): void {
    closeSync(this.#file)
  }

  #write(line: Invocation | Completion): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`)
  }
}

/** Reads a ledger; a last line that was not written to its end counts as not written. */
export function parseHistory(writer: string, text: string): OperationHistory {
  const operations = new Map<number, { invocation: Invocation; completion: Completion | undefined }>()
  const lines = text.split('\n').slice(0, -1)
  for (const line of lines) {
    const record = JSON.parse(line) as Invocation | Completion
    if ('op' in record) operations.set(record.n, { invocation: record, completion: undefined })
    else {
      const operation = operations.get(record.n)
      if (!operation) throw new Error(`${writer}: the ledger tells the end of ${record.n}, but not its beginning`)
      operation.completion = record
    }
  }
  return { writer, operations: [...operations.values()] satisfies Operation[] }
}
