import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as core from '@sync/core'
import {
  type BatchOptions,
  type CacheOptions,
  type Collection,
  type CollectionOptions,
  type SourceOptions,
  SyncError,
  type SyncEvent,
  type SyncInstance,
  type SyncInstanceOptions,
} from '@sync/core'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const page = (name: string): string => `\n${readFileSync(join(root, 'docs/reference', `${name}.md`), 'utf8')}`

/** The rows of the first table with these titles after a heading, as cells. */
function rowsUnder(text: string, heading: string, titles: string): string[][] {
  const [, section = ''] = text.split(`\n${heading}\n`)
  const [, body = ''] = section.split(`${titles}\n`)
  const rows = body.split('\n').slice(1)
  const end = rows.findIndex((line) => !line.startsWith('|'))
  return rows.slice(0, end).map((line) => line.split('|').map((cell) => cell.trim()))
}

/** The names in code style in the first cell of each row, without arguments. */
const namesIn = (rows: readonly string[][]): string[] =>
  rows.flatMap((row) => [...(row[1] ?? '').matchAll(/`([\w-]+)/g)].map(([, name = '']) => name))

type ErrorClass = new (...given: string[]) => SyncError
const isErrorClass = (exported: unknown): exported is ErrorClass =>
  typeof exported === 'function' && exported.prototype instanceof SyncError

/** Code, class, committed and retryable of an error, as the reference writes them. */
type Described = readonly [code: string, type: string, committed: string, retryable: string]

function describedBy(type: ErrorClass): Described {
  const outcomes = new Set(['no', 'unknown'].map((outcome) => new type('', outcome).committed))
  const { code, retryable } = new type('', '')
  return [code, type.name, [...outcomes].join(' / '), retryable ? 'yes' : 'no']
}

/** The errors of the packages that this one cannot import. They override nothing but the code. */
const adapterErrors = globSync('packages/{config,redis,nats,kafka}/src/errors.ts', { cwd: root }).flatMap((file) =>
  [
    ...readFileSync(join(root, file), 'utf8').matchAll(
      /class (\w+) extends SyncError \{\s+static override readonly code = '(\w+)'\s+override readonly code = '\2'\s+\}/g,
    ),
  ].map(([, type = '', code = '']): Described => [code, type, 'no', 'no']),
)

const errors = [...Object.values<unknown>(core).filter(isErrorClass).map(describedBy), ...adapterErrors]

describe('docs/reference/errors.md', () => {
  const text = page('errors')

  it('lists every error code with its outcome', () => {
    const listed = rowsUnder(text, '# Errors', '| code | meaning | committed | retryable |').map((row) => [
      row[1],
      row[3],
      row[4],
    ])
    const expected = errors.map(([code, , committed, retryable]) => [
      `[\`${code}\`](#${code.toLowerCase()})`,
      committed,
      retryable,
    ])
    expect(adapterErrors).toHaveLength(4)
    expect(listed.toSorted()).toEqual(expected.toSorted())
  })

  it('has a section for every error code', () => {
    const sections = text.split(/^## /m).slice(1)
    const described = sections.map((section) => {
      const fact = (name: string): string => new RegExp(`^- \\*\\*${name}:\\*\\* (.+)$`, 'm').exec(section)?.[1] ?? ''
      const [code = ''] = section.split('\n')
      return [code, fact('Class').replaceAll('`', ''), fact('Committed'), fact('Retryable')]
    })
    expect(described.toSorted()).toEqual(errors.toSorted())
  })

  it('states a cause and a remedy for every error code', () => {
    const sections = text.split(/^## /m).slice(1)
    const complete = (section: string): boolean => /^Causes:\n\n- /m.test(section) && /^Remedy:\n\n- /m.test(section)
    expect(sections.filter((section) => !complete(section))).toEqual([])
  })
})

describe('docs/reference/events.md', () => {
  it('lists every event', () => {
    const types: Record<SyncEvent['type'], true> = {
      gap: true,
      repaired: true,
      epoch: true,
      conflict: true,
      'frame-rejected': true,
      'patch-rejected': true,
      inconsistent: true,
      'publish-failed': true,
      'definition-mismatch': true,
      error: true,
      'store-unavailable': true,
      'store-available': true,
      bus: true,
    }
    const rows = rowsUnder(page('events'), '# Events', '| event | cause | what to do |')
    expect(namesIn(rows).toSorted()).toEqual(Object.keys(types).toSorted())
  })
})

describe('docs/reference/api.md', () => {
  const text = page('api')

  it('lists every call of a collection', () => {
    const calls: Record<keyof Collection<unknown>, true> = {
      ref: true,
      ready: true,
      get: true,
      peek: true,
      getEntry: true,
      getMany: true,
      evict: true,
      entries: true,
      assign: true,
      set: true,
      create: true,
      update: true,
      compareAndSet: true,
      patch: true,
      unset: true,
      delete: true,
      importMany: true,
      changes: true,
      recentChanges: true,
      subscribe: true,
    }
    const rows = rowsUnder(text, '## Collection', '| call | purpose |')
    expect(namesIn(rows).toSorted()).toEqual(Object.keys(calls).toSorted())
  })

  it('lists every call of an instance', () => {
    const calls: Record<Exclude<keyof SyncInstance, typeof Symbol.asyncDispose>, true> = {
      id: true,
      collection: true,
      health: true,
      stats: true,
      onEvent: true,
      catchUp: true,
      verify: true,
      recentConflicts: true,
      flush: true,
      close: true,
    }
    const rows = rowsUnder(text, '## Instance', '| call | purpose |')
    expect(namesIn(rows).toSorted()).toEqual(Object.keys(calls).toSorted())
  })
})

describe('docs/reference/options.md', () => {
  const text = page('options')
  const listed = (heading: string, first: string): string[] =>
    namesIn(rowsUnder(text, heading, `| ${first} | default | meaning |`)).toSorted()

  it('lists every option of a collection', () => {
    const options: Record<keyof CollectionOptions<unknown> | 'schema', true> = {
      section: true,
      ttl: true,
      replicate: true,
      subscribeBy: true,
      merge: true,
      schema: true,
      onConflict: true,
      migrate: true,
      source: true,
      batch: true,
      cache: true,
    }
    const sourceOptions: Record<keyof SourceOptions<unknown>, true> = {
      load: true,
      loadMany: true,
      maxConcurrent: true,
      negativeTtl: true,
      whenStoreUnavailable: true,
    }
    const batch: Record<keyof BatchOptions<unknown>, true> = { maxWait: true, maxWrites: true, fields: true }
    const cache: Record<keyof CacheOptions, true> = { maxDocuments: true, maxIdle: true, recentChangesChars: true }
    expect(listed('## Collection', 'option')).toEqual(Object.keys(options).toSorted())
    expect(listed('## Collection', '`source`')).toEqual(Object.keys(sourceOptions).toSorted())
    expect(listed('## Collection', '`batch`')).toEqual(Object.keys(batch).toSorted())
    expect(listed('## Collection', '`cache`')).toEqual(Object.keys(cache).toSorted())
  })

  it('lists every option of an instance', () => {
    const options: Record<keyof SyncInstanceOptions, true> = {
      store: true,
      bus: true,
      runtime: true,
      whenUnavailable: true,
      maxPendingWrites: true,
      maxRecentConflicts: true,
      conflictValues: true,
      verification: true,
      checkInterval: true,
      reorderWindow: true,
    }
    expect(listed('## Instance', 'option')).toEqual(Object.keys(options).toSorted())
  })

  it('lists every option of a memory hub', () => {
    const options: Record<keyof core.MemoryHubOptions, true> = {
      runtime: true,
      maxChanges: true,
      maxAge: true,
      maxOpResults: true,
      maxOpResultChars: true,
      opResultTtl: true,
      lineageDepth: true,
      maxUndoCommits: true,
      maxPayloadBytes: true,
      maxCommitBytes: true,
      onError: true,
    }
    expect(listed('## In-memory hub', 'option')).toEqual(Object.keys(options).toSorted())
  })
})
