import { assembleChange, type EncodedChange } from '@sync/core/adapter'
import { benchDocument } from '../core/documents.ts'
import { STUB_EPOCH } from '../core/stub-instance.ts'

/** Number of documents that receive changes, in rotation. */
export const DOCUMENTS = 100
/** Initial JSON text of every document: 63 fields. */
export const documentText: string = JSON.stringify(benchDocument())

export const SCOPE = { partition: 'bench', section: 'doc' } as const

/** Returns the key of the document that change `n` belongs to. Changes are counted from 0. */
export const keyOf = (n: number): string => `document-${n % DOCUMENTS}`

/** Field that carries the number of the latest change, so that a reader can see how far a document has advanced. */
export const MARK = 'price1'

const versionOf = (n: number): number => 2 + Math.floor(n / DOCUMENTS)
const routeOf = (n: number): string => `route of revision ${n}, checked by operator 7`

/** Returns change `n`, of two fields, as a commit passes it to a bus. */
export function encodedChange(n: number): EncodedChange {
  const version = versionOf(n)
  return assembleChange({
    key: keyOf(n),
    epoch: STUB_EPOCH,
    origin: 'bench',
    generation: 0,
    version,
    sequence: n + 1,
    time: Date.now(),
    edits: [
      { field: MARK, version, whole: JSON.stringify(n) },
      { field: 'route1', version, whole: JSON.stringify(routeOf(n)) },
    ],
  })
}

/** A change as an application without `@sync` would send it. */
export interface BareChange {
  readonly key: string
  readonly version: number
  readonly time: number
  readonly fields: Readonly<Record<string, string | number>>
}

/** Returns change `n` as an application without `@sync` would send it. */
export const bareChange = (n: number): BareChange => ({
  key: keyOf(n),
  version: versionOf(n),
  time: Date.now(),
  fields: { [MARK]: n, route1: routeOf(n) },
})
