import { closeSync, openSync, writeSync } from 'node:fs'
import { now } from '../workload/clock.ts'
import type { Completion, Invocation, Operation, OperationHistory } from './operation.ts'

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** An invocation without its number and time, which the history file assigns. */
export type NewInvocation = Without<Invocation, 'n' | 'at'>
/** A completion without its number and time. */
export type NewCompletion = Without<Completion, 'n' | 'at'>

/** A writer's history as lines of JSON. Each line is passed to the operating system synchronously, so a kill loses none. */
export class HistoryFile {
  readonly #file: number
  #last = 0

  constructor(path: string) {
    this.#file = openSync(path, 'wx')
  }

  /** Records a write before it is sent. Returns its number, counted from 1. */
  recordInvocation(invocation: NewInvocation): number {
    const n = ++this.#last
    this.#write({ ...invocation, n, at: now() })
    return n
  }

  /** Records the result of write `n`. */
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

/** Parses a history file. Ignores an incomplete last line. @throws Error if a completion has no invocation */
export function parseHistory(writer: string, text: string): OperationHistory {
  const operations = new Map<number, { invocation: Invocation; completion: Completion | undefined }>()
  const lines = text.split('\n').slice(0, -1)
  for (const line of lines) {
    const record = JSON.parse(line) as Invocation | Completion
    if ('op' in record) operations.set(record.n, { invocation: record, completion: undefined })
    else {
      const operation = operations.get(record.n)
      if (!operation)
        throw new Error(`${writer}: expected an invocation of ${record.n} before its completion, got none`)
      operation.completion = record
    }
  }
  return { writer, operations: [...operations.values()] satisfies Operation[] }
}
