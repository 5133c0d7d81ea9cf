import { DOCUMENTS, keyOf } from './changes.ts'
import type { Side } from './side.ts'

/** Resolves when every change before the n-th is shown: each document shows the last of its own. */
export async function arrived(side: Side, end: number): Promise<void> {
  const waiting = Array.from({ length: DOCUMENTS }, (_, at) => end - DOCUMENTS + at)
  const over = Promise.withResolvers<void>()
  const look = (): void => {
    for (let n = waiting.at(-1); n !== undefined && side.shown(keyOf(n)) >= n; n = waiting.at(-1)) waiting.pop()
    if (waiting.length === 0) over.resolve()
  }
  side.onApplied(look)
  look()
  await over.promise
  side.onApplied(() => {})
}
