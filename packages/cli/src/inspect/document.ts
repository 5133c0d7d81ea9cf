import type { Store } from '@sync/core'
import type { DocumentRef, StoredDocument, WireChange } from '@sync/core/adapter'
import { table } from '../output/terminal.ts'
import { formatAddress } from './address.ts'
import { changeCells, describeChange, formatDuration, formatTime } from './format.ts'
import { logTail } from './log.ts'
import type { View, ViewOptions } from './view.ts'

/** Reads a document: its versions, and the changes that the log contains of it. */
export async function inspectDocument(store: Store, ref: DocumentRef, options: ViewOptions): Promise<View> {
  const [loaded] = await store.load([ref])
  if (!loaded) throw new TypeError('expected the state of the section')
  const { state, document } = loaded
  const tail = await logTail(store, ref, state, options.limit)
  const changes = tail.map((change) => describeChange(change, options))
  const description = document && describeDocument(document, options)
  return {
    isFound: document !== undefined,
    state,
    json: { ...ref, exists: document !== undefined, ...description, changes },
    lines: (bold) => [
      bold(formatAddress(ref)),
      ...(document ? documentLines(document, options) : ['  absent']),
      '',
      bold('recent changes'),
      ...changeLines(tail, options),
    ],
  }
}

function describeDocument(document: StoredDocument, { values }: ViewOptions) {
  const { generation, version, fieldVersions, floor, changedAt, expiresIn, text } = document
  return {
    generation,
    version,
    floor,
    changedAt: formatTime(changedAt),
    ...(expiresIn !== undefined && { expiresInMs: expiresIn }),
    bytes: Buffer.byteLength(text),
    fieldVersions,
    ...(values && { value: JSON.parse(text) as unknown }),
  }
}

function documentLines({ text, ...document }: StoredDocument, { values }: ViewOptions): readonly string[] {
  const { generation, version, floor, changedAt, expiresIn, fieldVersions } = document
  const value = values ? (JSON.parse(text) as Readonly<Record<string, unknown>>) : {}
  const fields = Object.entries(fieldVersions).map(([field, fieldVersion]) => [
    ...[`    ${field}`, `v${fieldVersion}`],
    ...(values ? [JSON.stringify(value[field])] : []),
  ])
  return [
    ...table([
      ['  generation', `${generation}`],
      ['  version', `${version}`],
      ['  floor', `${floor}`],
      ['  changed', formatTime(changedAt)],
      ['  expires', expiresIn === undefined ? 'never' : `in ${formatDuration(expiresIn)}`],
      ['  size', `${Buffer.byteLength(text)} bytes of JSON`],
      ['  fields', `${fields.length}${values ? '' : '; --values prints their values'}`],
    ]),
    ...table(fields),
  ]
}

const changeLines = (tail: readonly WireChange[], options: ViewOptions): readonly string[] =>
  tail.length === 0
    ? ['  none in the log']
    : table(tail.map((change) => changeCells(change, options))).map((line) => `  ${line}`)
