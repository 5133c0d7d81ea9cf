import type { Store } from '@sync/core'
import type { SectionRef, SectionState } from '@sync/core/adapter'
import { table } from '../output/terminal.ts'
import { formatAddress } from './address.ts'
import { changeCells, describeChange } from './format.ts'
import { readKeyPage } from './keys.ts'
import { logTail, oldestPosition } from './log.ts'
import type { View, ViewOptions } from './view.ts'

/** Reads a section: head, lineage, log and a page of keys. */
export async function inspectSection(store: Store, ref: SectionRef, options: ViewOptions): Promise<View> {
  const [head] = await store.heads([{ scope: ref }])
  if (!head) throw new TypeError('expected the head of the section')
  const { state } = head
  const page = await readKeyPage(store, ref, options)
  const oldest = await oldestPosition(store, ref, state)
  const tail = await logTail(store, ref, state, options.limit)
  const log = {
    changes: state.sequence - oldest,
    ...(oldest < state.sequence && { first: oldest + 1, last: state.sequence }),
  }
  return {
    isFound: true,
    state,
    json: {
      ...ref,
      sequence: state.sequence,
      epoch: state.epoch,
      ancestors: state.ancestors.map(({ epoch, sequence }) => ({ epoch, sequence })),
      definition: state.definition,
      log,
      documents: page.count,
      keys: page.keys,
      hasMoreKeys: page.hasMore,
      changes: tail.map((change) => describeChange(change, options)),
    },
    lines: (bold) => [
      bold(formatAddress(ref)),
      ...table([
        ['  sequence', `${state.sequence}`],
        ['  epoch', state.epoch],
        ['  lineage', lineageOf(state)],
        ['  definition', definitionOf(state)],
        ['  log', log.first === undefined ? 'empty' : `${log.changes} changes, ${log.first} … ${log.last}`],
      ]),
      '',
      bold(`${page.count} documents`),
      ...page.keys.map((key) => `  ${key}`),
      ...(page.hasMore ? [`  … continue with --after ${JSON.stringify(page.keys.at(-1))}`] : []),
      '',
      bold('recent changes'),
      ...table(tail.map((change) => changeCells(change, options))).map((line) => `  ${line}`),
    ],
  }
}

const lineageOf = ({ ancestors }: SectionState): string =>
  ancestors.length === 0
    ? 'no earlier epoch'
    : ancestors.map(({ epoch, sequence }) => `${epoch} up to ${sequence}`).join(', ')

const definitionOf = ({ definition }: SectionState): string =>
  definition ? `subscribeBy ${definition.subscribeBy}, digest ${definition.digest}` : 'not recorded'
