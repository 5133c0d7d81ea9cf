import { assertEqual, assertRejects, assertThat, isTypedError } from '../../checkers/assertions.ts'
import { assertNoLeaks } from '../../context/resource-leaks.ts'
import { runProgram } from '../../context/run-program.ts'
import type { StoreTestContext } from '../../context/store-test-context.ts'
import { validateStoreCapabilities } from '../../harness/capabilities.ts'
import { COLLIDING_ADDRESSES, HOSTILE_NAMES, TEXTS } from '../names.ts'
import type { Rule } from '../rule.ts'

/** Capabilities and harness, names, invalid requests, opening and closing. */
export const harness: readonly Rule<StoreTestContext>[] = [
  {
    id: 'STORE-H-01',
    level: 'MUST',
    statement: 'Every client of a store declares the same capabilities, and they are valid.',
    hint: 'Declare what the weakest supported configuration guarantees.',
    async run(context) {
      const problems = validateStoreCapabilities(context.capabilities)
      assertThat(problems.length === 0, `capabilities: ${problems.join('; ')}`)
      assertEqual((await context.open()).capabilities, context.capabilities, 'capabilities of a second client')
    },
  },
  {
    id: 'STORE-H-02',
    level: 'MUST',
    statement: 'Closing one client does not affect the others, which use the same data.',
    hint: 'Do not share a connection between clients that were opened separately.',
    async run(context) {
      const section = context.section()
      const [one, two] = [await context.open(), await context.open()]
      const writer = await context.writer({ store: one, section })
      await writer.write('k', { n: '1' })
      await context.withTimeout(one.close(), 'close')
      const other = await context.writer({ store: two, section })
      assertEqual(await other.value('k'), { n: 1 }, 'the document, read by another client after its writer was closed')
    },
  },
  {
    id: 'STORE-H-03',
    level: 'MUST',
    statement: 'Every fault that the harness offers takes effect.',
    hint: 'The harness controls another server than the clients use, or the fault is over before its function returns.',
    skip: ({ harness: { faults } }) =>
      faults?.kill && faults.restart ? undefined : 'the harness cannot kill the server',
    async run(context) {
      const writer = await context.writer()
      await writer.write('k', { n: '1' })
      await context.harness.faults?.kill?.()
      const call = context.withTimeout(context.store.load([writer.ref('k')]), 'load', context.stateTimeout * 4).then(
        () => 'resolved',
        () => 'rejected',
      )
      assertEqual(await call, 'rejected', 'a load after the server was killed')
      await context.harness.faults?.restart?.()
    },
  },
  {
    id: 'STORE-H-04',
    level: 'MUST',
    statement: 'A closed client leaves no socket, timer or child process behind.',
    hint: 'Close every connection and clear every timer in `close`.',
    async run(context) {
      await assertNoLeaks(context, 'a closed client', async () => {
        const store = await context.harness.open()
        await context.withTimeout(store.heads([{ scope: context.section() }]), 'heads')
        await context.withTimeout(store.close(), 'close')
      })
    },
  },
  {
    id: 'STORE-H-06',
    level: 'MUST',
    statement: 'Partitions are isolated from each other: documents, sequences, epochs and logs.',
    hint: 'Derive the key of each document, counter and log from the whole address.',
    async run(context) {
      const section = context.section()
      const one = await context.writer({ section })
      const two = await context.writer({ section: { ...section, partition: `${section.partition}.` } })
      await one.write('k', { n: '1' })
      assertEqual(
        [(await two.catchUp()).sequence, await two.value('k')],
        [0, undefined],
        'sequence and document of another partition',
      )
      await two.write('k', { n: '2' })
      assertEqual(await one.value('k'), { n: 1 }, 'a document after a write to the same key of another partition')
    },
  },
  {
    id: 'STORE-DAT-01',
    level: 'MUST',
    statement: 'Every name of a key, field, section or partition is stored unchanged or rejected with a typed error.',
    hint: "Escape every part, including names that the store's layout reserves.",
    async run(context) {
      for (const name of HOSTILE_NAMES) {
        for (const at of ['key', 'field', 'section', 'partition'] as const) {
          const { namespace: partition } = context.harness
          const section = {
            partition: at === 'partition' ? `${partition}${name}` : partition,
            section: at === 'section' ? name : context.uniqueName('s'),
          }
          const what = `the ${at} ${JSON.stringify(name)}`
          const key = at === 'key' ? name : 'k'
          const field = at === 'field' ? name : 'f'
          try {
            const writer = await context.writer({ section })
            const [result] = await writer.sendAll([writer.request(key, {}, { fields: [{ field, whole: '1' }] })])
            if (result?.status === 'failed') throw result.error
            const { document } = await writer.load(key)
            assertEqual(document?.text, `{${JSON.stringify(field)}:1}`, `the document under ${what}`)
            assertEqual(Object.entries(document?.fieldVersions ?? {}), [[field, 1]], `the field versions under ${what}`)
            assertEqual(await writer.keys(), [key], `the keys of ${what}`)
          } catch (error) {
            if ((error as Error).name === 'Violation') throw error
            assertThat(isTypedError(error), `${what}: expected a SyncError, got ${String(error)}`)
          }
        }
      }
    },
  },
  {
    id: 'STORE-DAT-02',
    level: 'MUST',
    statement:
      'Different addresses never share a document, regardless of escaping, case, normalization and where their parts end.',
    hint: 'Escape injectively, including the separator within each part.',
    async run(context) {
      for (const group of COLLIDING_ADDRESSES) {
        const all = []
        for (const [at, [section, key = 'same']] of group.entries()) {
          const writer = await context.writer({ section: { partition: context.harness.namespace, section } })
          await writer.write(key, { n: String(at) }, { otherFields: 'remove' })
          await writer.write(key, { [`field ${key}`]: String(at) })
          all.push([writer, key] as const)
        }
        for (const [at, [writer, key]] of all.entries()) {
          const expected = { n: at, [`field ${key}`]: at }
          assertEqual(
            await writer.value(key),
            expected,
            `${JSON.stringify(group[at])}, after writing all of ${JSON.stringify(group)}`,
          )
          await writer.catchUp()
          await writer.delete(key)
        }
      }
    },
  },
  {
    id: 'STORE-DAT-04',
    level: 'MUST',
    statement: 'Strings are stored unchanged: emoji, combining marks, control characters and lone surrogates.',
    hint: 'Store the JSON text as UTF-8; a lone surrogate is escaped in JSON and must stay escaped.',
    async run(context) {
      const writer = await context.writer()
      for (const [at, text] of [...TEXTS, '\ud800', 'a\udc00b'].entries()) {
        await writer.write(`k${at}`, { f: JSON.stringify(text) })
        assertEqual(await writer.value(`k${at}`), { f: text }, 'a string')
      }
    },
  },
  {
    id: 'STORE-DAT-06',
    level: 'MUST',
    statement: 'An invalid request is answered `failed` with SYNC_ARGUMENT, and changes nothing.',
    hint: 'Check names, TTL, operation id and duplicate fields before writing anything.',
    async run(context) {
      const writer = await context.writer()
      const invalid = [
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
      for (const request of invalid) {
        const [result] = await writer.sendAll([request])
        assertThat(
          result?.status === 'failed' && result.error.code === 'SYNC_ARGUMENT',
          () => `an invalid request: expected 'failed', got '${result?.status}': ${JSON.stringify(request)}`,
        )
      }
      assertEqual((await writer.catchUp()).sequence, 0, 'the sequence after invalid requests')
      const what = 'load of a document with an empty key'
      await assertRejects(context.withTimeout(context.store.load([writer.ref('')]), what), what, 'SYNC_ARGUMENT')
    },
  },
  {
    id: 'STORE-LIF-01',
    level: 'MUST',
    statement: '`close` can be called twice, even concurrently.',
    hint: 'Keep the promise of the first `close`, and return it again.',
    async run(context) {
      const store = await context.open()
      await context.withTimeout(Promise.all([store.close(), store.close()]), 'two concurrent calls of close')
      await context.withTimeout(store.close(), 'another call of close')
    },
  },
  {
    id: 'STORE-LIF-02',
    level: 'MUST',
    statement: 'After `close`, every call rejects with SYNC_CLOSED.',
    hint: 'Check for a closed client first in every call, including `keys`.',
    async run(context) {
      const store = await context.open()
      const writer = await context.writer()
      await context.withTimeout(store.close(), 'close')
      const calls = {
        load: () => store.load([writer.ref('k')]),
        commit: () => store.commit([writer.request('k', { n: '1' })]),
        heads: () => store.heads([{ scope: writer.section }]),
        changesSince: () => store.changesSince(writer.section, { epoch: '', sequence: 0 }, 1),
        touch: () => store.touch([{ ref: writer.ref('k'), ttl: 1_000 }]),
        keys: () => store.keys(writer.section, { limit: 1 }),
      }
      for (const [name, call] of Object.entries(calls)) {
        const what = `${name} after close`
        await assertRejects(context.withTimeout(Promise.resolve().then<unknown>(call), what), what, 'SYNC_CLOSED')
      }
    },
  },
  {
    id: 'STORE-LIF-03',
    level: 'MUST',
    statement: '`close` settles every call in flight.',
    hint: 'Reject calls that can no longer be answered, and leave no promise pending.',
    async run(context) {
      const store = await context.open()
      const writer = await context.writer({ store })
      if (context.harness.faults?.pause && context.harness.faults.resume) {
        await context.harness.faults.pause()
        context.onCleanup(() => context.harness.faults?.resume?.())
      }
      const calls = Array.from({ length: 10 }, (_, n) => store.commit([writer.request(`k${n}`, { n: '1' })]))
      const settled = Promise.allSettled([...calls, store.load([writer.ref('k')])])
      await context.withTimeout(store.close(), 'close with calls in flight', context.stateTimeout * 2)
      await context.withTimeout(settled, 'calls that were in flight at close', context.stateTimeout * 2)
    },
  },
  {
    id: 'STORE-LIF-04',
    level: 'MUST',
    statement: 'A new client works after another one was closed.',
    hint: 'A closed client must not leave state to the next one.',
    async run(context) {
      const section = context.section()
      for (let round = 1; round <= 3; round++) {
        const store = await context.open()
        const writer = await context.writer({ store, section })
        await writer.write('k', { n: String(round) })
        assertEqual(
          await writer.value('k'),
          { n: round },
          'the document, read by a client that was opened after another was closed',
        )
        await context.withTimeout(store.close(), 'close')
      }
    },
  },
  {
    id: 'STORE-LIF-05',
    level: 'SHOULD',
    statement: 'Connecting to an unreachable address fails within a deadline, and the error names the address.',
    hint: 'Set a connect timeout, and throw an error that names host and port but no password.',
    skip: ({ harness: { unreachable } }) => (unreachable ? undefined : 'the harness has no unreachable address'),
    async run(context) {
      const { unreachable } = context.harness
      if (!unreachable) return
      const opening = (async () => {
        const store = context.closeOnCleanup(await unreachable.open())
        await store.heads([{ scope: context.section() }])
      })()
      const error = await assertRejects(
        context.withTimeout(opening, 'connecting to an unreachable address', context.stateTimeout * 4),
        'connecting to an unreachable address',
      )
      assertThat(
        error.message.includes(unreachable.address),
        `expected an error that names ${unreachable.address}, got: ${error.message}`,
      )
    },
  },
  {
    id: 'STORE-LIF-06',
    level: 'SHOULD',
    statement: '`await using` closes a client.',
    hint: 'Make `Symbol.asyncDispose` call `close`.',
    async run(context) {
      const store = await context.open()
      assertThat(typeof store[Symbol.asyncDispose] === 'function', 'a client has no Symbol.asyncDispose')
      await context.withTimeout(Promise.resolve(store[Symbol.asyncDispose]()), 'dispose')
      await assertRejects(
        context.withTimeout(store.heads([{ scope: context.section() }]), 'heads'),
        'heads after dispose',
        'SYNC_CLOSED',
      )
    },
  },
  {
    id: 'STORE-LIF-07',
    level: 'MUST',
    statement: 'A program that has closed its clients exits.',
    hint: 'A socket, a timer without `unref` or a worker keeps the process alive.',
    skip: ({ harness: { program } }) => (program ? undefined : 'the harness has no program to run'),
    time: 'machine',
    run: ({ harness: { program = [] } }) => runProgram(program),
  },
  {
    id: 'STORE-LIF-08',
    level: 'MUST',
    statement: '`close` leaves an injected connection open.',
    hint: 'Close only what the adapter itself has opened.',
    skip: ({ harness: { injected } }) => (injected ? undefined : 'the harness injects no connection'),
    async run(context) {
      const injected = await context.harness.injected?.()
      if (!injected) return
      context.onCleanup(() => injected.end())
      await context.withTimeout(injected.client.heads([{ scope: context.section() }]), 'heads')
      await context.withTimeout(injected.client.close(), 'close')
      assertThat(await injected.isOpen(), 'close closed the injected connection')
    },
  },
]
