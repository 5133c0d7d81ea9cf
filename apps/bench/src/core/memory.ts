import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Figure, Measurement } from '../figure.ts'

const WORKER = fileURLToPath(new URL('memory-worker.ts', import.meta.url))
const run = promisify(execFile)

/** Returns the bytes of memory per document: cached by `@sync` (`ours`), or parsed by `JSON.parse` into a `Map` (`bare`). */
async function bytesPerDocument(variant: 'ours' | 'bare', size: 'large' | 'small', count: number): Promise<number> {
  const node = ['--expose-gc', '--max-old-space-size=6000', '--conditions=@sync/source', WORKER]
  const { stdout } = await run(process.execPath, [...node, variant, size, String(count)])
  return Number(stdout)
}

const compare = (ours: number, baseline: number): Measurement => ({ ours, baseline, ratio: ours / baseline, spread: 0 })

/** Cached documents of 3.4 KB, against the parsed objects alone. */
export const memoryOfLarge: Figure = {
  name: 'memory of a cached document of 3.4 KB, against the parsed object in a Map',
  unit: 'bytes',
  goal: { atMost: 1.15 },
  measure: async () =>
    compare(await bytesPerDocument('ours', 'large', 20_000), await bytesPerDocument('bare', 'large', 20_000)),
}

/** Overhead of a million small cached documents, beyond their parsed objects. */
export const memoryOfAMillion: Figure = {
  name: 'memory overhead of each of 1 M cached documents of 300 bytes, against 300 bytes',
  unit: 'bytes',
  goal: { atMost: 1 },
  measure: async () =>
    compare(
      (await bytesPerDocument('ours', 'small', 1_000_000)) - (await bytesPerDocument('bare', 'small', 1_000_000)),
      300,
    ),
}
