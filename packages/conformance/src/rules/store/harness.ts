import { storeContradictions } from '../../harness/capabilities.ts'
import { demand, demandEqual, demandRefusal, isTyped } from '../../judge/violation.ts'
import { runProgram } from '../../stage/program.ts'
import { demandNothingHeld } from '../../stage/resources.ts'
import type { StoreStage } from '../../stage/store-stage.ts'
import { COLLIDING, HOSTILE_NAMES, TEXTS } from '../names.ts'
import type { Rule } from '../rule.ts'

/** Capabilities, names, opening and closing. */
export const harness: readonly Rule<StoreStage>[] = [
  {
    id: 'STORE-H-01',
    level: 'MUST',
    sentence: 'Capabilities are declared, alike for every client, and make sense.',
    hint: 'Declare what the weakest configuration gives.',
    async run(stage) {
      const wrong = storeContradictions(stage.capabilities)
      demand(wrong.length === 0, `capabilities: ${wrong.join('; ')}`)
      demandEqual((await stage.open()).capabilities, stage.capabilities, 'capabilities of a second client')
    },
  },
  {
    id: 'STORE-H-02',
    level: 'MUST',
    sentence: 'Clients are independent: closing one leaves the others at work, on the same data.',
    hint: 'Share no connection between two clients that were opened by themselves.',
    async run(stage) {
      const section = stage.section()
      const [one, two] = [await stage.open(), await stage.open()]
      const writer = await stage.writer({ store: one, section })
      await writer.write('k', { n: '1' })
      await stage.settled(one.close(), 'close')
      const other = await stage.writer({ store: two, section })
      demandEqual(await other.value('k'), { n: 1 }, 'the document, read by another client after its writer has closed')
    },
  },
  {
    id: 'STORE-H-03',
    level: 'MUST',
    sentence: 'The faults that the harness offers really happen.',
    hint: 'The harness talks to another server than the clients, or the fault is over before it returns.',
    skip: ({ harness: { faults } }) =>
      faults?.kill && faults.restart ? undefined : 'the harness cannot kill the server',
    async run(stage) {
      const writer = await stage.writer()
      await writer.write('k', { n: '1' })
      await stage.harness.faults?.kill?.()
      const call = stage.settled(stage.store.load([writer.ref('k')]), 'load', stage.patience * 4).then(
        () => 'answered',
        () => 'refused',
      )
      demandEqual(await call, 'refused', 'a load though the server was killed')
      await stage.harness.faults?.restart?.()
    },
  },
  {
    id: 'STORE-H-04',
    level: 'MUST',
    sentence: 'A closed client leaves no socket, timer or process behind.',
    hint: 'End every connection and clear every timer in `close`.',
    async run(stage) {
      await demandNothingHeld(stage, 'a closed client', async () => {
        const store = await stage.harness.open()
        await stage.settled(store.heads([{ scope: stage.section() }]), 'heads')
        await stage.settled(store.close(), 'close')
      })
    },
  },
  {
    id: 'STORE-H-06',
    level: 'MUST',
    sentence: 'Partitions and sections keep apart: documents, sequences, epochs and logs.',
    hint: 'The whole address names a key, a counter and a log.',
    async run(stage) {
      const section = stage.section()
      const one = await stage.writer({ section })
      const two = await stage.writer({ section: { ...section, partition: `${section.partition}.` } })
      await one.write('k', { n: '1' })
      demandEqual(
        [(await two.catchUp()).sequence, await two.value('k')],
        [0, undefined],
        'sequence and document of another partition',
      )
      await two.write('k', { n: '2' })
      demandEqual(await one.value('k'), { n: 1 }, 'a document after its namesake in another partition was written')
    },
  },
  {
    id: 'STORE-DAT-01',
    level: 'MUST',
    sentence: 'Any name of a key, field, section or partition is kept as it is, or refused with a typed error.',
    hint: 'Escape every part; reserved names of the layout need escaping too.',
    async run(stage) {
      for (const name of HOSTILE_NAMES) {
        for (const at of ['key', 'field', 'section', 'partition'] as const) {
          const { namespace: partition } = stage.harness
          const section = {
            partition: at === 'partition' ? `${partition}${name}` : partition,
            section: at === 'section' ? name : stage.name('s'),
          }
          const what = `the ${at} ${JSON.stringify(name)}`
          const key = at === 'key' ? name : 'k'
          const field = at === 'field' ? name : 'f'
          try {
            const writer = await stage.writer({ section })
            const [result] = await writer.sendAll([writer.request(key, {}, { fields: [{ field, whole: '1' }] })])
            if (result?.status === 'failed') throw result.error
            const { document } = await writer.load(key)
            demandEqual(document?.text, `{${JSON.stringify(field)}:1}`, `the document under ${what}`)
            demandEqual(Object.entries(document?.fieldVersions ?? {}), [[field, 1]], `the field versions under ${what}`)
            const keys: string[] = []
            for await (const each of stage.store.keys(section)) keys.push(each)
            demandEqual(keys, [key], `the keys of ${what}`)
          } catch (error) {
            if ((error as Error).name === 'Violation') throw error
            demand(isTyped(error), `${what} was refused with an error that is no SyncError: ${String(error)}`)
          }
        }
      }
    },
  },
  {
    id: 'STORE-DAT-02',
    level: 'MUST',
    sentence: 'Different names never meet: not by escaping, case, normal form, or where one part ends.',
    hint: 'Escape injectively, and the separator within every part too.',
    async run(stage) {
      for (const group of COLLIDING) {
        const all = []
        for (const [at, [section, key = 'same']] of group.entries()) {
          const writer = await stage.writer({ section: { partition: stage.harness.namespace, section } })
          await writer.write(key, { n: String(at) }, { others: 'remove' })
          await writer.write(key, { [`field ${key}`]: String(at) })
          all.push([writer, key] as const)
        }
        for (const [at, [writer, key]] of all.entries()) {
          const expected = { n: at, [`field ${key}`]: at }
          demandEqual(await writer.value(key), expected, `${JSON.stringify(group[at])} beside ${JSON.stringify(group)}`)
          await writer.catchUp()
          await writer.delete(key)
        }
      }
    },
  },
  {
    id: 'STORE-DAT-04',
    level: 'MUST',
    sentence: 'Texts come back as they were written: emoji, combining marks, control characters, lone surrogates.',
    hint: 'Store the JSON text as UTF-8; a lone surrogate is escaped in JSON and has to stay so.',
    async run(stage) {
      const writer = await stage.writer()
      for (const [at, text] of [...TEXTS, '\ud800', 'a\udc00b'].entries()) {
        await writer.write(`k${at}`, { f: JSON.stringify(text) })
        demandEqual(await writer.value(`k${at}`), { f: text }, 'a text')
      }
    },
  },
  {
    id: 'STORE-DAT-06',
    level: 'MUST',
    sentence: 'A request that makes no sense is answered `failed` with SYNC_ARGUMENT, and changes nothing.',
    hint: 'Check names, ttl, op id and fields named twice before anything is written.',
    async run(stage) {
      const writer = await stage.writer()
      const bad = [
        writer.request('', { f: '1' }),
        writer.request('k', { f: '1' }, { ttl: 0 }),
        writer.request('k', { f: '1' }, { ttl: Number.NaN }),
        writer.request(
          'k',
          {},
          {
            fields: [
              { field: 'f', whole: '1' },
              { field: 'f', whole: '2' },
            ],
          },
        ),
        writer.request('k', {}, { fields: [{ field: 'f', delta: { ops: '[]', base: 1 } }] }),
        { ...writer.request('k', { f: '1' }), op: { ...writer.request('k', {}).op, id: '' } },
      ]
      for (const request of bad) {
        const [result] = await writer.sendAll([request])
        demand(
          result?.status === 'failed' && result.error.code === 'SYNC_ARGUMENT',
          () => `a request that makes no sense was answered '${result?.status}': ${JSON.stringify(request)}`,
        )
      }
      demandEqual((await writer.catchUp()).sequence, 0, 'the sequence after requests that make no sense')
      const what = 'load of an empty key'
      await demandRefusal(stage.settled(stage.store.load([writer.ref('')]), what), what, 'SYNC_ARGUMENT')
    },
  },
  {
    id: 'STORE-LIF-01',
    level: 'MUST',
    sentence: '`close` may be called twice, also at once.',
    hint: 'Keep the promise of the first close.',
    async run(stage) {
      const store = await stage.open()
      await stage.settled(Promise.all([store.close(), store.close()]), 'close, twice at once')
      await stage.settled(store.close(), 'close, once more')
    },
  },
  {
    id: 'STORE-LIF-02',
    level: 'MUST',
    sentence: 'After `close` every call is refused with SYNC_CLOSED.',
    hint: 'Check for it first in every call, `keys` included.',
    async run(stage) {
      const store = await stage.open()
      const writer = await stage.writer()
      await stage.settled(store.close(), 'close')
      const calls = {
        load: () => store.load([writer.ref('k')]),
        commit: () => store.commit([writer.request('k', { n: '1' })]),
        heads: () => store.heads([{ scope: writer.section }]),
        changesSince: () => store.changesSince(writer.section, { epoch: '', sequence: 0 }, 1),
        touch: () => store.touch([{ ref: writer.ref('k'), ttl: 1_000 }]),
        keys: async () => {
          for await (const _ of store.keys(writer.section)) break
        },
      }
      for (const [name, call] of Object.entries(calls)) {
        const what = `${name} after close`
        await demandRefusal(stage.settled(Promise.resolve().then<unknown>(call), what), what, 'SYNC_CLOSED')
      }
    },
  },
  {
    id: 'STORE-LIF-03',
    level: 'MUST',
    sentence: '`close` with calls under way: each of them settles.',
    hint: 'Reject what cannot be answered any more; leave no promise behind.',
    async run(stage) {
      const store = await stage.open()
      const writer = await stage.writer({ store })
      if (stage.harness.faults?.pause && stage.harness.faults.resume) {
        await stage.harness.faults.pause()
        stage.after(() => stage.harness.faults?.resume?.())
      }
      const calls = Array.from({ length: 10 }, (_, n) => store.commit([writer.request(`k${n}`, { n: '1' })]))
      const settled = Promise.allSettled([...calls, store.load([writer.ref('k')])])
      await stage.settled(store.close(), 'close with calls under way', stage.patience * 2)
      await stage.settled(settled, 'calls that were under way at close', stage.patience * 2)
    },
  },
  {
    id: 'STORE-LIF-04',
    level: 'MUST',
    sentence: 'After one client was closed, another can be opened and works.',
    hint: 'Nothing of a closed client may be kept for the next one.',
    async run(stage) {
      const section = stage.section()
      for (let round = 1; round <= 3; round++) {
        const store = await stage.open()
        const writer = await stage.writer({ store, section })
        await writer.write('k', { n: String(round) })
        demandEqual(await writer.value('k'), { n: round }, 'the document, by a client opened after another was closed')
        await stage.settled(store.close(), 'close')
      }
    },
  },
  {
    id: 'STORE-LIF-05',
    level: 'SHOULD',
    sentence: 'Connecting to nothing fails within a bound, with the address in the message.',
    hint: 'A connect time-out, and an error that names host and port but no password.',
    skip: ({ harness: { nowhere } }) => (nowhere ? undefined : 'the harness has no address where nobody listens'),
    async run(stage) {
      const { nowhere } = stage.harness
      if (!nowhere) return
      const opening = (async () => {
        const store = stage.keep(await nowhere.open())
        await store.heads([{ scope: stage.section() }])
      })()
      const error = await demandRefusal(
        stage.settled(opening, 'connecting to nothing', stage.patience * 4),
        'connecting to nothing',
      )
      demand(error.message.includes(nowhere.address), `the error does not name ${nowhere.address}: ${error.message}`)
    },
  },
  {
    id: 'STORE-LIF-06',
    level: 'SHOULD',
    sentence: '`await using` closes a client.',
    hint: 'Let Symbol.asyncDispose do what `close` does.',
    async run(stage) {
      const store = await stage.open()
      demand(typeof store[Symbol.asyncDispose] === 'function', 'a client has no Symbol.asyncDispose')
      await stage.settled(Promise.resolve(store[Symbol.asyncDispose]()), 'dispose')
      await demandRefusal(
        stage.settled(store.heads([{ scope: stage.section() }]), 'heads'),
        'heads after dispose',
        'SYNC_CLOSED',
      )
    },
  },
  {
    id: 'STORE-LIF-07',
    level: 'MUST',
    sentence: 'A program that has closed its clients ends by itself.',
    hint: 'Something holds the process: a socket, a timer without `unref`, a worker.',
    skip: ({ harness: { program } }) => (program ? undefined : 'the harness has no program to run'),
    time: 'machine',
    run: ({ harness: { program = [] } }) => runProgram(program),
  },
  {
    id: 'STORE-LIF-08',
    level: 'MUST',
    sentence: 'A connection that was given from outside is left open by `close`.',
    hint: 'Close only what the adapter has opened itself.',
    skip: ({ harness: { injected } }) => (injected ? undefined : 'the harness gives no connection from outside'),
    async run(stage) {
      const given = await stage.harness.injected?.()
      if (!given) return
      stage.after(() => given.end())
      await stage.settled(given.client.heads([{ scope: stage.section() }]), 'heads')
      await stage.settled(given.client.close(), 'close')
      demand(await given.isOpen(), 'the connection that was given from outside was closed')
    },
  },
]
