import { assertEqual, assertRejects, assertThat } from '../../checkers/assertions.ts'
import { assertNoLeaks } from '../../context/resource-leaks.ts'
import { runProgram } from '../../context/run-program.ts'
import type { SyncTestContext, TestDocument } from '../../context/sync-test-context.ts'
import { HOSTILE_NAMES, TEXTS } from '../names.ts'
import type { Rule } from '../rule.ts'

/** Writes, names and values, and the life cycle of an instance. */
export const writes: readonly Rule<SyncTestContext>[] = [
  {
    id: 'SYNC-RYW-01',
    level: 'MUST',
    statement:
      'A writer reads its own write as soon as the write resolves, and other instances read it by its position.',
    hint: "Advance the writer's replica before the promise resolves.",
    async run(context) {
      const [a, b] = await context.openInstances(2, context.define(), { checkInterval: '1h' })
      for (let n = 1; n <= 20; n++) {
        const written = await context.withTimeout(a.docs.assign('k', { n }), 'assign')
        if (n === 1) await context.withTimeout(a.docs.get('k'), 'get')
        assertEqual(a.docs.peek('k'), { n }, "the writer's replica after its write")
        const read = await context.withTimeout(b.docs.get('k', { after: written.position }), 'get after a position')
        assertEqual(read, { n }, "another instance's read at the position of the write")
      }
    },
  },
  {
    id: 'SYNC-TAG-01',
    level: 'MUST',
    statement:
      'One state of a document has one ETag and one JSON text on an instance that applied its changes and on one that loaded it.',
    hint: "The store's counters or values differ between a load and the committed change.",
    async run(context) {
      const definition = context.define()
      const [writer, holder] = await context.openInstances(2, definition)
      // more than 512 members, and values of more than 64 bytes, after which some stores change their order
      const names = Array.from({ length: 600 }, (_, n) => `${(n * 7) % 600}-${'x'.repeat(n % 3)}`)
      await context.withTimeout(writer.docs.create('k', { n: 0, b: { z: 1, a: 'y'.repeat(99) } }), 'create')
      await context.withTimeout(Promise.all([writer, holder].map(({ docs }) => docs.get('k'))), 'get')
      const wide = Object.fromEntries(names.map((name) => [name, 'y'.repeat(70)]))
      await context.withTimeout(writer.docs.assign('k', { ...wide, n: 1 } as never), 'assign')
      const edit = writer.docs.update('k', (doc) => {
        doc.b = { k: 1, ...(doc.b as object) }
      })
      const { position } = await context.withTimeout(edit, 'update')
      await context.withTimeout(holder.docs.get('k', { after: position }), 'get after a position')
      const [loader] = await context.openInstances(1, definition)
      const [held, loaded] = await Promise.all(
        [holder, loader].map(({ docs }) => context.withTimeout(docs.getEntry('k'), 'getEntry')),
      )
      assertEqual(JSON.stringify(loaded?.value), JSON.stringify(held?.value), 'the JSON text of a loaded document')
      assertEqual(loaded?.etag, held?.etag, 'the ETag of a loaded document')
      await context.withTimeout(loader.docs.assign('k', { n: 2 }, { ifMatch: held?.etag }), 'assign with ifMatch')
    },
  },
  {
    id: 'SYNC-DAT-01',
    level: 'MUST',
    statement:
      'Every key and every string passes through the whole stack unchanged, or is rejected with a typed error.',
    hint: 'See BUS-DAT and STORE-DAT: the store or the bus changes it.',
    async run(context) {
      const instances = await context.openInstances(2, context.define())
      const [a] = instances
      for (const [at, key] of HOSTILE_NAMES.entries()) {
        const text = TEXTS[at % TEXTS.length] ?? ''
        await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get(key))), 'get')
        await context.withTimeout(a.docs.assign(key, { n: at, a: text }), 'assign')
        await context.expectConverged(instances, key, { n: at, a: text })
      }
    },
  },
  {
    id: 'SYNC-DAT-06',
    level: 'MUST',
    statement:
      'Numbers arrive unchanged, such as 1e308, 2^53 − 1 and 0.1; NaN and infinities are rejected with their path.',
    hint: 'A value is JSON text on its whole way from writer to reader.',
    async run(context) {
      const instances = await context.openInstances(2, context.define())
      const [a] = instances
      await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get('k'))), 'get')
      for (const n of [1e308, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 0.1, 5e-324, 1e21, 123456789012345]) {
        await context.withTimeout(a.docs.assign('k', { n }), 'assign')
        await context.expectConverged(instances, 'k', { n })
      }
      for (const n of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const what = `a write of ${n}`
        const error = await assertRejects(context.withTimeout(a.docs.assign('k', { n }), what), what, 'SYNC_NOT_JSON')
        assertEqual(Reflect.get(error, 'path'), '/n', 'the path of a value that is not JSON')
      }
    },
  },
  {
    id: 'SYNC-DAT-08',
    level: 'MUST',
    statement:
      'Values that JSON cannot represent are rejected with their path: undefined, dates, bigints, cycles, maps and functions.',
    hint: 'Check before anything is sent: JSON.stringify drops and converts such values silently.',
    async run(context) {
      const [a] = await context.openInstances(1, context.define())
      const cycle: Record<string, unknown> = {}
      cycle['self'] = cycle
      const unsupported = {
        undefined: [undefined],
        date: new Date(0),
        bigint: 1n,
        cycle,
        map: new Map(),
        function: () => 1,
      }
      for (const [name, value] of Object.entries(unsupported)) {
        const what = `a write of a value with ${name}`
        const doc = { n: 1, a: { deep: value } } as unknown as TestDocument
        const error = await assertRejects(context.withTimeout(a.docs.assign('k', doc), what), what, 'SYNC_NOT_JSON')
        assertThat(
          String(Reflect.get(error, 'path')).startsWith('/a/deep'),
          `${what}: expected an error with a path below /a/deep, got ${Reflect.get(error, 'path')}`,
        )
      }
      assertEqual(await context.withTimeout(a.docs.get('k'), 'get'), undefined, 'the document after rejected writes')
    },
  },
  {
    id: 'SYNC-BP-04',
    level: 'MUST',
    statement: '`close` commits and publishes the writes that began before it, and gives up at its deadline.',
    hint: 'Flush with a deadline, then close everything.',
    async run(context) {
      const [a, b] = await context.openInstances(2, context.define(), { checkInterval: '1h' })
      for (let n = 0; n < 20; n++) await context.withTimeout(b.docs.get(`k${n}`), 'get')
      const writes = Array.from({ length: 20 }, (_, n) => a.docs.assign(`k${n}`, { n }))
      await context.withTimeout(a.sync.close(), 'close')
      await context.withTimeout(Promise.all(writes), 'writes that were in flight at close')
      for (let n = 0; n < 20; n++) await context.expectConverged([b], `k${n}`, { n })
      if (!context.harness.storeFaults?.kill || !context.harness.storeFaults.restart) return
      await context.harness.storeFaults.kill()
      const write = b.docs.assign('k0', { n: 99 }).catch((error: { code?: string }) => error.code)
      await context.withTimeout(
        b.sync.close({ deadline: '1s' }),
        'close while the store is unavailable',
        context.stateTimeout * 4,
      )
      const code = await context.withTimeout(write, 'a write that was in flight at close')
      assertThat(
        code === 'SYNC_OUTCOME_UNKNOWN' || code === 'SYNC_CLOSED',
        `a write that was in flight at close: expected SYNC_OUTCOME_UNKNOWN or SYNC_CLOSED, got ${String(code)}`,
      )
      await context.harness.storeFaults.restart()
    },
  },
  {
    id: 'SYNC-H-04',
    level: 'MUST',
    statement: 'A closed instance leaves no socket, timer or child process behind.',
    hint: 'The store or the bus is not closed, or a timer of the core is still active.',
    async run(context) {
      const definition = context.define()
      await assertNoLeaks(context, 'a closed instance', async () => {
        const sync = await context.harness.open()
        const docs = context.collectionOf(sync, definition)
        await context.withTimeout(docs.assign('k', { n: 1 }), 'assign')
        await context.withTimeout(sync.close(), 'close')
      })
    },
  },
  {
    id: 'SYNC-LIF-01',
    level: 'MUST',
    statement: '`close` can be called twice, and every later call rejects with SYNC_CLOSED.',
    hint: 'The store or the bus cannot be closed twice.',
    async run(context) {
      const [a] = await context.openInstances(1, context.define())
      await a.docs.assign('k', { n: 1 })
      await context.withTimeout(Promise.all([a.sync.close(), a.sync.close()]), 'two concurrent calls of close')
      await context.withTimeout(a.sync.close(), 'another call of close')
      const write = context.withTimeout(a.docs.assign('k', { n: 2 }), 'assign')
      await assertRejects(write, 'a write after close', 'SYNC_CLOSED')
      const read = context.withTimeout(a.docs.get('uncached'), 'get')
      await assertRejects(read, 'a read after close', 'SYNC_CLOSED')
    },
  },
  {
    id: 'SYNC-LIF-06',
    level: 'SHOULD',
    statement: '`await using` closes an instance.',
    hint: 'Make `Symbol.asyncDispose` call `close`.',
    async run(context) {
      const definition = context.define()
      const sync = await context.open()
      await context.withTimeout(context.collectionOf(sync, definition).assign('k', { n: 1 }), 'assign')
      await context.withTimeout(Promise.resolve(sync[Symbol.asyncDispose]()), 'dispose')
      assertEqual(sync.health().state, 'closed', 'the state of a disposed instance')
    },
  },
  {
    id: 'SYNC-LIF-07',
    level: 'MUST',
    statement: 'A program that has closed its instances exits.',
    hint: 'A socket, a timer without `unref` or a worker keeps the process alive.',
    skip: ({ harness: { program } }) => (program ? undefined : 'the harness has no program to run'),
    time: 'machine',
    run: ({ harness: { program = [] } }) => runProgram(program),
  },
]
