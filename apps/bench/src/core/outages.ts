import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { brotliDecompress } from 'node:zlib'

/** One record of the outage feed. */
export type Outage = Readonly<Record<string, string | number | boolean | null>>

/** One observation of a record: its value, or `null` if it was removed. */
export interface Observation {
  readonly key: string
  readonly value: Outage | null
}

const FILE = new URL('../../../feed/data/pge-outages.jsonl.br', import.meta.url)

/** Reads the outage feed in this repository, in order. */
export async function readOutages(): Promise<readonly Observation[]> {
  const text = (await promisify(brotliDecompress)(await readFile(FILE))).toString()
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Observation)
}
