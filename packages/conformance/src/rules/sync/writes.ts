import { assertEqual, assertRejects, assertThat } from '../../checkers/assertions.ts'
import { assertNoLeaks } from '../../context/resource-leaks.ts'
import { runProgram } from '../../context/run-program.ts'
import type { SyncTestContext, TestDocument } from '../../context/sync-test-context.ts'
import { HOSTILE_NAMES, TEXTS } from '../names.ts'
import type { Rule } from '../rule.ts'

/** Writes, values, and the life of an instance. */
export const writes: readonly Rule<SyncTestContext>[] = [
  {
    id: 'SYNC-RYW-01',
    level: 'MUST',
    statement: 'Whoever awaited a write reads it at once; elsewhere `get` with its position does.',
    hint: 'The own replica advances before the promise resolves.',
    async run(context) {
      const [a, b] = await context.openInstances(2, context.define(), { checkInterval: '1h' })
      for (let n = 1; n <= 20; n++) {
        const written = await context.withTimeout(a.docs.assign('k', { n }), 'set')
        if (n === 1) await context.withTimeout(a.docs.get('k'), 'get')
        assertEqual(a.docs.peek('k'), { n }, 'what the writer holds after its write')
        const there = await context.withTimeout(b.docs.get('k', { after: written.position }), 'get after a position')
        assertEqual(there, { n }, 'what another instance gets after the position of a write')
      }
    },
  },
  {
    id: 'SYNC-DAT-01',
    level: 'MUST',
    statement: 'Any name of a key, and any text, comes through the whole stack, or is refused with a typed error.',
    hint: 'See BUS-DAT and STORE-DAT: one of the two changes it.',
    async run(context) {
      const instances = await context.openInstances(2, context.define())
      const [a] = instances
      for (const [at, key] of HOSTILE_NAMES.entries()) {
        const a0 = TEXTS[at % TEXTS.length] ?? ''
        await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get(key))), 'get')
        await context.withTimeout(a.docs.assign(key, { n: at, a: a0 }), 'set')
        await context.expectConverged(instances, key, { n: at, a: a0 })
      }
    },
  },
  {
    id: 'SYNC-DAT-06',
    level: 'MUST',
    statement: 'Numbers come through unchanged: 1e308, 2^53 − 1, 0.1; NaN and infinities are refused by their path.',
    hint: 'A value is a JSON text from the writer to the reader.',
    async run(context) {
      const instances = await context.openInstances(2, context.define())
      const [a] = instances
      await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get('k'))), 'get')
      for (const n of [1e308, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 0.1, 5e-324, 1e21, 123456789012345]) {
        await context.withTimeout(a.docs.assign('k', { n }), 'set')
        await context.expectConverged(instances, 'k', { n })
      }
      for (const n of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const what = `a write of ${n}`
        const error = await assertRejects(context.withTimeout(a.docs.assign('k', { n }), what), what, 'SYNC_NOT_JSON')
        assertEqual(Reflect.get(error, 'path'), '/n', 'the path of what is not JSON')
      }
    },
  },
  {
    id: 'SYNC-DAT-08',
    level: 'MUST',
    statement: 'What JSON cannot carry is refused by the name of its path: undefined, dates, bigints, cycles, maps.',
    hint: 'Check before anything is sent; JSON.stringify drops and changes in silence.',
    async run(context) {
      const [a] = await context.openInstances(1, context.define())
      const cycle: Record<string, unknown> = {}
      cycle['self'] = cycle
      const bad = { undefined: [undefined], date: new Date(0), bigint: 1n, cycle, map: new Map(), function: () => 1 }
      for (const [name, value] of Object.entries(bad)) {
        const what = `a write of a value with ${name}`
        const doc = { n: 1, a: { deep: value } } as unknown as TestDocument
        const error = await assertRejects(context.withTimeout(a.docs.assign('k', doc), what), what, 'SYNC_NOT_JSON')
        assertThat(
          String(Reflect.get(error, 'path')).startsWith('/a/deep'),
          `${what}: the error names the path ${Reflect.get(error, 'path')}`,
        )
      }
      assertEqual(await context.withTimeout(a.docs.get('k'), 'get'), undefined, 'the document after refused writes')
    },
  },
  {
    id: 'SYNC-BP-04',
    level: 'MUST',
    statement: '`close` commits and publishes what was begun before it, and ends at its deadline where it cannot.',
    hint: 'Flush with a deadline; then end everything.',
    async run(context) {
      const [a, b] = await context.openInstances(2, context.define(), { checkInterval: '1h' })
      for (let n = 0; n < 20; n++) await context.withTimeout(b.docs.get(`k${n}`), 'get')
      const writes = Array.from({ length: 20 }, (_, n) => a.docs.assign(`k${n}`, { n }))
      await context.withTimeout(a.sync.close(), 'close')
      await context.withTimeout(Promise.all(writes), 'writes that were under way at close')
      for (let n = 0; n < 20; n++) await context.expectConverged([b], `k${n}`, { n })
      if (!context.harness.storeFaults?.kill || !context.harness.storeFaults.restart) return
      await context.harness.storeFaults.kill()
      const write = b.docs.assign('k0', { n: 99 }).catch((error: { code?: string }) => error.code)
      await context.withTimeout(
        b.sync.close({ deadline: '1s' }),
        'close while the store is away',
        context.stateTimeout * 4,
      )
      const code = await context.withTimeout(write, 'a write that was under way at close')
      assertThat(
        code === 'SYNC_OUTCOME_UNKNOWN' || code === 'SYNC_CLOSED',
        `a write that was under way at close was answered ${String(code)}`,
      )
      await context.harness.storeFaults.restart()
    },
  },
  {
    id: 'SYNC-H-04',
    level: 'MUST',
    statement: 'A closed instance leaves no socket, timer or process behind.',
    hint: 'One of store and bus is not closed, or a timer of the core is held.',
    async run(context) {
      const definition = context.define()
      await assertNoLeaks(context, 'a closed instance', async () => {
        const sync = await context.harness.open()
        const docs = context.collectionOf(sync, definition)
        await context.withTimeout(docs.assign('k', { n: 1 }), 'set')
        await context.withTimeout(sync.close(), 'close')
      })
    },
  },
  {
    id: 'SYNC-LIF-01',
    level: 'MUST',
    statement: '`close` may be called twice; afterwards every call is refused with SYNC_CLOSED.',
    hint: 'One of store and bus cannot be closed twice.',
    async run(context) {
      const [a] = await context.openInstances(1, context.define())
      await a.docs.assign('k', { n: 1 })
      await context.withTimeout(Promise.all([a.sync.close(), a.sync.close()]), 'close, twice at once')
      await context.withTimeout(a.sync.close(), 'close, once more')
      const set = context.withTimeout(a.docs.assign('k', { n: 2 }), 'set')
      await assertRejects(set, 'a write after close', 'SYNC_CLOSED')
      const get = context.withTimeout(a.docs.get('unheld'), 'get')
      await assertRejects(get, 'a read after close', 'SYNC_CLOSED')
    },
  },
  {
    id: 'SYNC-LIF-06',
    level: 'SHOULD',
    statement: '`await using` closes an instance.',
    hint: 'Let Symbol.asyncDispose do what `close` does.',
    async run(context) {
      const definition = context.define()
      const sync = await context.open()
      await context.withTimeout(context.collectionOf(sync, definition).assign('k', { n: 1 }), 'set')
      await context.withTimeout(Promise.resolve(sync[Symbol.asyncDispose]()), 'dispose')
      assertEqual(sync.health().state, 'closed', 'the state of a disposed instance')
    },
  },
  {
    id: 'SYNC-LIF-07',
    level: 'MUST',
    statement: 'A program that has closed its instances ends by itself.',
    hint: 'Something holds the process: a socket, a timer without `unref`, a worker.',
    skip: ({ harness: { program } }) => (program ? undefined : 'the harness has no program to run'),
    time: 'machine',
    run: ({ harness: { program = [] } }) => runProgram(program),
  },
]
