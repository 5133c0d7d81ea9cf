import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as core from '@sync/core'
import { type Collection, type CollectionOptions, SyncError, type SyncEvent, type SyncOptions } from '@sync/core'
import { expect, test } from 'vitest'

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')

/** The rows of the table with these titles, as cells. */
function rowsUnder(titles: string): string[][] {
  const [, body = ''] = readme.split(`${titles}\n`)
  const rows = body.split('\n').slice(1)
  const end = rows.findIndex((line) => !line.startsWith('|'))
  return rows.slice(0, end).map((line) => line.split('|').map((cell) => cell.trim()))
}

type ErrorClass = new (...given: string[]) => SyncError
const isErrorClass = (exported: unknown): exported is ErrorClass =>
  typeof exported === 'function' && exported.prototype instanceof SyncError

test('the README tells every error as it is', () => {
  const classes = Object.values<unknown>(core).filter(isErrorClass)
  const outcomesOf = (type: ErrorClass): string[] => [
    ...new Set(['no', 'unknown'].map((it) => new type('', it).committed)),
  ]
  const expected = classes.map((type) => [
    `\`${new type('', '').code}\``,
    outcomesOf(type).join(' / '),
    new type('', '').retryable ? 'yes' : 'no',
  ])
  const told = rowsUnder('| code | meaning | committed | retryable | what to do |').map((row) => [
    row[1],
    row[3],
    row[4],
  ])
  expect(told.toSorted()).toEqual(expected.toSorted())
})

test('and every event', () => {
  const types: Record<SyncEvent['type'], true> = {
    gap: true,
    repaired: true,
    epoch: true,
    conflict: true,
    'frame-refused': true,
    'patch-refused': true,
    inconsistent: true,
    'publish-failed': true,
    'definition-mismatch': true,
    failed: true,
    'store-away': true,
    'store-back': true,
    bus: true,
  }
  const told = rowsUnder('| event | what happened | what to do |').flatMap(
    (row) => row[1]?.match(/(?<=`)[a-z-]+(?=`)/g) ?? [],
  )
  expect([...new Set(told)].sort()).toEqual(Object.keys(types).sort())
})

test('and every call and option', () => {
  const calls: Record<keyof Collection<unknown>, true> = {
    ref: true,
    ready: true,
    get: true,
    peek: true,
    entry: true,
    getMany: true,
    forget: true,
    entries: true,
    set: true,
    replace: true,
    create: true,
    update: true,
    trySet: true,
    patch: true,
    unset: true,
    delete: true,
    setMany: true,
    changes: true,
    changesBuffer: true,
    subscribe: true,
  }
  const instance: Record<Exclude<keyof core.Sync, typeof Symbol.asyncDispose>, true> = {
    id: true,
    collection: true,
    health: true,
    stats: true,
    onEvent: true,
    check: true,
    verify: true,
    conflicts: true,
    flush: true,
    close: true,
  }
  const options: Record<keyof CollectionOptions<unknown>, true> = {
    section: true,
    ttl: true,
    replicate: true,
    follow: true,
    merge: true,
    onConflict: true,
    upgrade: true,
    source: true,
    sourceAbsentFor: true,
    batch: true,
    memory: true,
  }
  const settings: Record<keyof SyncOptions, true> = {
    store: true,
    bus: true,
    runtime: true,
    whenAway: true,
    maxWrites: true,
    conflictLog: true,
    verification: true,
    checkInterval: true,
    reorderWindow: true,
  }
  const names = [calls, instance, options, settings].flatMap(Object.keys)
  expect(names.filter((name) => !new RegExp(`\`${name}\\b`).test(readme))).toEqual([])
})
