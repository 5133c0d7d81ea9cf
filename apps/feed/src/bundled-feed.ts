import { join } from 'node:path'

/** The slice of the outage feed that comes with the repository. */
export const bundledFeed: string = join(import.meta.dirname, '../data/pge-outages.jsonl.br')
