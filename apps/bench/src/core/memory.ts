import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Figure, Measurement } from '../figure.ts'

const WORKER = fileURLToPath(new URL('memory-worker.ts', import.meta.url))
const run = promisify(execFile)

/** Bytes of memory for each document, held by us or as what JSON.parse gives in a `Map`. */
async function bytesPerDocument(variant: 'ours' | 'bare', size: 'large' | 'small', count: number): Promise<number> {
  const node = ['--expose-gc', '--max-old-space-size=6000', '--conditions=@sync/source', WORKER]
  const { stdout } = await run(process.execPath, [...node, variant, size, String(count)])
  return Number(stdout)
}

const compare = (ours: number, baseline: number): Measurement => ({ ours, baseline, ratio: ours / baseline, spread: 0 })

/** Documents of 3.4 KB as they are held, against the parsed objects alone. */
export const memoryOfLarge: Figure = {
  name: 'memory of a document of 3.4 KB held, against the parsed object in a Map',
  unit: 'bytes',
  goal: { atMost: 1.15 },
  measure: async () =>
    compare(await bytesPerDocument('ours', 'large', 20_000), await bytesPerDocument('bare', 'large', 20_000)),
}

/** What a million small documents take beside their own objects. */
export const memoryOfAMillion: Figure = {
  name: 'memory of our own for each of 1 M documents of 300 bytes, against 300 bytes',
  unit: 'bytes',
  goal: { atMost: 1 },
  measure: async () =>
    compare(
      (await bytesPerDocument('ours', 'small', 1_000_000)) - (await bytesPerDocument('bare', 'small', 1_000_000)),
      300,
    ),
}
