import { readInteger, runCommand, UsageError } from '@sync/command-line'
import { listSections, openStore } from '@sync/config'
import type { Store } from '@sync/core'
import { decodeChange, isDocumentRef, type Scope, type SectionState } from '@sync/core/adapter'
import { paint, type Terminal, table } from '../output/terminal.ts'
import { formatAddress, parseAddress } from './address.ts'
import { inspectDocument } from './document.ts'
import { changeCells, describeChange } from './format.ts'
import { followLog } from './log.ts'
import { inspectSection } from './section.ts'
import type { View, ViewOptions } from './view.ts'

const DEFAULT_LIMIT = '20'

const USAGE = `Usage: sync inspect URL [ADDRESS] [OPTIONS]

Shows the contents of a store: its sections, one section (partition/section), or one document (partition/section/key). Write a slash
within a partition or a section as %2F. Like every reader, it lets the store detect lost data, which begins a new epoch.

  --prefix TEXT  only keys that begin with TEXT
  --after KEY    keys after KEY
  --limit N      number of keys and of changes (default ${DEFAULT_LIMIT})
  --values       print values and meta, which may be personal data
  --follow       print changes until Ctrl-C
  --json         print JSON in place of text; with --follow, one line per change

Examples:
  sync inspect redis://localhost:6379
  sync inspect redis://localhost:6379 eu/price --prefix sku-
  sync inspect redis://localhost:6379 eu/price/sku-1 --values --follow

Exit code: 0 shown · 1 not found, or the store is unavailable · 2 invalid command line`

/** Runs `sync inspect`, and resolves to its exit code. */
export const inspect = (args: readonly string[], terminal: Terminal): Promise<number> =>
  runCommand(
    {
      usage: USAGE,
      options: { prefix: 'text', after: 'text', limit: 'text', values: 'flag', follow: 'flag', json: 'flag' },
      words: true,
      run({ words: [url, address, ...more], values: { limit = DEFAULT_LIMIT, prefix = '', after = '', ...flags } }) {
        if (url === undefined)
          throw new UsageError('expected the URL of a store, such as redis://localhost:6379. See --help')
        if (more.length > 0) throw new UsageError(`expected one ADDRESS, got also ${more.join(' ')}. See --help`)
        const scope = address === undefined ? undefined : parseAddress(address)
        if (flags.follow && !scope) throw new UsageError('--follow: expected an ADDRESS, got none. See --help')
        const options = {
          ...{ prefix, after, limit: readInteger('limit', limit) },
          ...{ values: flags.values === true, json: flags.json === true, follow: flags.follow === true },
        }
        return showStore(url, scope, options, terminal)
      },
    },
    args,
    terminal,
  )

async function showStore(
  url: string,
  scope: Scope | undefined,
  options: ViewOptions & { readonly follow: boolean },
  terminal: Terminal,
): Promise<number> {
  const store = await openStore(url)
  try {
    if (!scope) return await showSections(url, store, options, terminal)
    return await showScope(url, store, scope, options, terminal)
  } finally {
    await store.close()
  }
}

async function showScope(
  url: string,
  store: Store,
  scope: Scope,
  options: ViewOptions & { readonly follow: boolean },
  terminal: Terminal,
): Promise<number> {
  // a question for the head of a section that does not exist would create it
  const section = { partition: scope.partition, section: scope.section }
  if ((await listSections(url, section).next()).done) {
    terminal.printError(
      `${formatAddress(section)}: the store has no such section; run sync inspect without an address to list them`,
    )
    return 1
  }
  const view = isDocumentRef(scope)
    ? await inspectDocument(store, scope, options)
    : await inspectSection(store, scope, options)
  show(view, options, terminal)
  if (options.follow) await follow(store, scope, view.state, options, terminal)
  return view.isFound || options.follow ? 0 : 1
}

function show(
  view: View,
  { json, follow }: { readonly json: boolean; readonly follow: boolean },
  terminal: Terminal,
): void {
  // with --follow, every line of JSON is one value
  if (json) terminal.print(JSON.stringify(view.json, undefined, follow ? undefined : 2))
  else for (const line of view.lines((text) => paint(terminal, 'bold', text))) terminal.print(line)
}

async function showSections(
  url: string,
  store: Store,
  { json }: { readonly json: boolean },
  terminal: Terminal,
): Promise<number> {
  const sections = []
  for await (const { documents, ...ref } of listSections(url)) {
    const [head] = await store.heads([{ scope: ref }])
    if (head) sections.push({ ...ref, documents, ...summaryOf(head.state) })
  }
  sections.sort((a, b) => (formatAddress(a) < formatAddress(b) ? -1 : 1))
  if (json) terminal.print(JSON.stringify(sections, undefined, 2))
  else if (sections.length === 0) terminal.print('no sections')
  else {
    const rows = sections.map(({ documents = '', sequence, epoch, definition, ...ref }) => [
      ...[formatAddress(ref), documents, sequence, epoch, definition?.digest ?? '-'],
    ])
    const [heading = '', ...lines] = table([['SECTION', 'DOCUMENTS', 'SEQUENCE', 'EPOCH', 'DEFINITION'], ...rows])
    terminal.print(paint(terminal, 'bold', heading))
    for (const line of lines) terminal.print(line)
  }
  return 0
}

const summaryOf = ({ epoch, sequence, definition }: SectionState) => ({
  epoch,
  sequence,
  ...(definition && { definition }),
})

async function follow(
  store: Store,
  scope: Scope,
  state: SectionState,
  options: { readonly values: boolean; readonly json: boolean },
  terminal: Terminal,
): Promise<void> {
  if (!options.json) terminal.print(paint(terminal, 'dim', '\nwaiting for changes; Ctrl-C ends'))
  for await (const page of followLog(store, scope, state, terminal.signal)) {
    if (page.status !== 'page')
      terminal.printError(
        `${formatAddress(scope)}: the log no longer has some changes; continuing at ${page.state.sequence}`,
      )
    for (const change of page.changes.map(decodeChange)) {
      if (options.json) terminal.print(JSON.stringify(describeChange(change, options)))
      else terminal.print(changeCells(change, options).join('  '))
    }
  }
}
