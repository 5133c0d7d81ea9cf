import { assembleChange, type EncodedChange } from '@sync/core/adapter'
import { benchDocument } from '../core/documents.ts'
import { STUB_EPOCH } from '../core/stub-instance.ts'

/** What is written to, over and over: documents of 63 fields, as they are at the beginning. */
export const DOCUMENTS = 100
export const documentText: string = JSON.stringify(benchDocument())

export const SCOPE = { partition: 'bench', section: 'doc' } as const

/** Which document the n-th change is of, counted from 0. */
export const keyOf = (n: number): string => `document-${n % DOCUMENTS}`

/** By which field of a document it shows how far it was changed. */
export const MARK = 'price1'

const versionOf = (n: number): number => 2 + Math.floor(n / DOCUMENTS)
const routeOf = (n: number): string => `route of revision ${n}, checked by operator 7`

/** The n-th change, of two fields, as a commit hands it to a bus. */
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

/** What a program sends that knows nothing of ours. */
export interface BareChange {
  readonly key: string
  readonly version: number
  readonly time: number
  readonly fields: Readonly<Record<string, string | number>>
}

/** The n-th change as such a program writes it. */
export const bareChange = (n: number): BareChange => ({
  key: keyOf(n),
  version: versionOf(n),
  time: Date.now(),
  fields: { [MARK]: n, route1: routeOf(n) },
})
