import { join } from 'node:path'

/** Path of the outage feed in this repository. */
export const bundledFeed: string = join(import.meta.dirname, '../data/pge-outages.jsonl.br')
