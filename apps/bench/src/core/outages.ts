import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { brotliDecompress } from 'node:zlib'

/** One record of the outage feed. */
export type Outage = Readonly<Record<string, string | number | boolean | null>>

/** A record seen, or gone (`null`). */
export interface Observation {
  readonly key: string
  readonly value: Outage | null
}

const FILE = new URL('../../../feed/data/pge-outages.jsonl.br', import.meta.url)

/** The outage feed that comes with the repository, in its order. */
export async function readOutages(): Promise<readonly Observation[]> {
  const text = (await promisify(brotliDecompress)(await readFile(FILE))).toString()
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Observation)
}
