import { demand, demandEqual, demandRefusal } from '../../judge/violation.ts'
import { runProgram } from '../../stage/program.ts'
import { demandNothingHeld } from '../../stage/resources.ts'
import type { Doc, SyncStage } from '../../stage/sync-stage.ts'
import { HOSTILE_NAMES, TEXTS } from '../names.ts'
import type { Rule } from '../rule.ts'

/** Writes, values, and the life of an instance. */
export const writing: readonly Rule<SyncStage>[] = [
  {
    id: 'SYNC-RYW-01',
    level: 'MUST',
    sentence: 'Whoever awaited a write reads it at once; elsewhere `get` with its position does.',
    hint: 'The own replica advances before the promise resolves.',
    async run(stage) {
      const [a, b] = await stage.fleet(2, stage.define(), { checkInterval: '1h' })
      for (let n = 1; n <= 20; n++) {
        const written = await stage.settled(a.docs.set('k', { n }), 'set')
        if (n === 1) await stage.settled(a.docs.get('k'), 'get')
        demandEqual(a.docs.peek('k'), { n }, 'what the writer holds after its write')
        const there = await stage.settled(b.docs.get('k', { after: written.position }), 'get after a position')
        demandEqual(there, { n }, 'what another instance gets after the position of a write')
      }
    },
  },
  {
    id: 'SYNC-DAT-01',
    level: 'MUST',
    sentence: 'Any name of a key, and any text, comes through the whole stack, or is refused with a typed error.',
    hint: 'See BUS-DAT and STORE-DAT: one of the two changes it.',
    async run(stage) {
      const members = await stage.fleet(2, stage.define())
      const [a] = members
      for (const [at, key] of HOSTILE_NAMES.entries()) {
        const a0 = TEXTS[at % TEXTS.length] ?? ''
        await stage.settled(Promise.all(members.map(({ docs }) => docs.get(key))), 'get')
        await stage.settled(a.docs.set(key, { n: at, a: a0 }), 'set')
        await stage.agree(members, key, { n: at, a: a0 })
      }
    },
  },
  {
    id: 'SYNC-DAT-06',
    level: 'MUST',
    sentence: 'Numbers come through unchanged: 1e308, 2^53 − 1, 0.1; NaN and infinities are refused by their path.',
    hint: 'A value is a JSON text from the writer to the reader.',
    async run(stage) {
      const members = await stage.fleet(2, stage.define())
      const [a] = members
      await stage.settled(Promise.all(members.map(({ docs }) => docs.get('k'))), 'get')
      for (const n of [1e308, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 0.1, 5e-324, 1e21, 123456789012345]) {
        await stage.settled(a.docs.set('k', { n }), 'set')
        await stage.agree(members, 'k', { n })
      }
      for (const n of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const what = `a write of ${n}`
        const error = await demandRefusal(stage.settled(a.docs.set('k', { n }), what), what, 'SYNC_NOT_JSON')
        demandEqual(Reflect.get(error, 'path'), '/n', 'the path of what is not JSON')
      }
    },
  },
  {
    id: 'SYNC-DAT-08',
    level: 'MUST',
    sentence: 'What JSON cannot carry is refused by the name of its path: undefined, dates, bigints, cycles, maps.',
    hint: 'Check before anything is sent; JSON.stringify drops and changes in silence.',
    async run(stage) {
      const [a] = await stage.fleet(1, stage.define())
      const cycle: Record<string, unknown> = {}
      cycle['self'] = cycle
      const bad = { undefined: [undefined], date: new Date(0), bigint: 1n, cycle, map: new Map(), function: () => 1 }
      for (const [name, value] of Object.entries(bad)) {
        const what = `a write of a value with ${name}`
        const doc = { n: 1, a: { deep: value } } as unknown as Doc
        const error = await demandRefusal(stage.settled(a.docs.set('k', doc), what), what, 'SYNC_NOT_JSON')
        demand(
          String(Reflect.get(error, 'path')).startsWith('/a/deep'),
          `${what}: the error names the path ${Reflect.get(error, 'path')}`,
        )
      }
      demandEqual(await stage.settled(a.docs.get('k'), 'get'), undefined, 'the document after refused writes')
    },
  },
  {
    id: 'SYNC-BP-04',
    level: 'MUST',
    sentence: '`close` commits and publishes what was begun before it, and ends at its deadline where it cannot.',
    hint: 'Flush with a deadline; then end everything.',
    async run(stage) {
      const [a, b] = await stage.fleet(2, stage.define(), { checkInterval: '1h' })
      for (let n = 0; n < 20; n++) await stage.settled(b.docs.get(`k${n}`), 'get')
      const writes = Array.from({ length: 20 }, (_, n) => a.docs.set(`k${n}`, { n }))
      await stage.settled(a.sync.close(), 'close')
      await stage.settled(Promise.all(writes), 'writes that were under way at close')
      for (let n = 0; n < 20; n++) await stage.agree([b], `k${n}`, { n })
      if (!stage.harness.storeFaults?.kill || !stage.harness.storeFaults.restart) return
      await stage.harness.storeFaults.kill()
      const write = b.docs.set('k0', { n: 99 }).catch((error: { code?: string }) => error.code)
      await stage.settled(b.sync.close({ deadline: '1s' }), 'close while the store is away', stage.patience * 4)
      const code = await stage.settled(write, 'a write that was under way at close')
      demand(
        code === 'SYNC_OUTCOME_UNKNOWN' || code === 'SYNC_CLOSED',
        `a write that was under way at close was answered ${String(code)}`,
      )
      await stage.harness.storeFaults.restart()
    },
  },
  {
    id: 'SYNC-H-04',
    level: 'MUST',
    sentence: 'A closed instance leaves no socket, timer or process behind.',
    hint: 'One of store and bus is not closed, or a timer of the core is held.',
    async run(stage) {
      const definition = stage.define()
      await demandNothingHeld(stage, 'a closed instance', async () => {
        const sync = await stage.harness.open()
        const docs = stage.at(sync, definition)
        await stage.settled(docs.set('k', { n: 1 }), 'set')
        await stage.settled(sync.close(), 'close')
      })
    },
  },
  {
    id: 'SYNC-LIF-01',
    level: 'MUST',
    sentence: '`close` may be called twice; afterwards every call is refused with SYNC_CLOSED.',
    hint: 'One of store and bus cannot be closed twice.',
    async run(stage) {
      const [a] = await stage.fleet(1, stage.define())
      await a.docs.set('k', { n: 1 })
      await stage.settled(Promise.all([a.sync.close(), a.sync.close()]), 'close, twice at once')
      await stage.settled(a.sync.close(), 'close, once more')
      const set = stage.settled(a.docs.set('k', { n: 2 }), 'set')
      await demandRefusal(set, 'a write after close', 'SYNC_CLOSED')
      const get = stage.settled(a.docs.get('unheld'), 'get')
      await demandRefusal(get, 'a read after close', 'SYNC_CLOSED')
    },
  },
  {
    id: 'SYNC-LIF-06',
    level: 'SHOULD',
    sentence: '`await using` closes an instance.',
    hint: 'Let Symbol.asyncDispose do what `close` does.',
    async run(stage) {
      const definition = stage.define()
      const sync = await stage.open()
      await stage.settled(stage.at(sync, definition).set('k', { n: 1 }), 'set')
      await stage.settled(Promise.resolve(sync[Symbol.asyncDispose]()), 'dispose')
      demandEqual(sync.health().state, 'closed', 'the state of a disposed instance')
    },
  },
  {
    id: 'SYNC-LIF-07',
    level: 'MUST',
    sentence: 'A program that has closed its instances ends by itself.',
    hint: 'Something holds the process: a socket, a timer without `unref`, a worker.',
    skip: ({ harness: { program } }) => (program ? undefined : 'the harness has no program to run'),
    time: 'machine',
    run: ({ harness: { program = [] } }) => runProgram(program),
  },
]
